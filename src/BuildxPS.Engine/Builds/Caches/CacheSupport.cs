using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>Which caches an engine can read and write. One that cannot goes on without a word, or fails after the whole build.</summary>
internal static class CacheSupport
{
    private static readonly string[] s_byCapability = ["gha", "s3", "azblob"];

    /// <summary>Refuses caches that an engine cannot write.</summary>
    /// <param name="caches">The caches.</param>
    /// <param name="engine">What the engine says about itself.</param>
    /// <param name="features">What its driver can do.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static void CheckWritten(PlannedCaches caches, EngineDescription engine, DriverFeatures features)
    {
        foreach (var cache in caches.To)
        {
            if (WhyNot(cache.Type, isWritten: true, engine, features) is { } problem)
            {
                throw new BuildxException(
                    BuildxFailure.EngineUnsupported,
                    $"The {(features.IsDockerDaemon ? "daemon" : "engine")} cannot write the cache '{cache.SafeText}': {problem}.",
                    features is { IsDockerDaemon: true, HasContainerdStore: false }
                        ? "Build on a builder of its own (New-BuildxBuilder), switch the daemon to the containerd image store, or use -CacheTo type=inline, which goes with the image."
                        : "Build on a builder of its own with a current BuildKit (New-BuildxBuilder), or write the cache to a registry.");
            }
        }
    }

    /// <summary>Chooses the caches that an engine can read.</summary>
    /// <param name="caches">The caches.</param>
    /// <param name="engine">What the engine says about itself.</param>
    /// <param name="features">What its driver can do.</param>
    /// <returns>The caches, and a sentence for each other one.</returns>
    public static (IReadOnlyList<OpenCache> Usable, IReadOnlyList<string> Warnings) ChooseRead(IReadOnlyList<OpenCache> caches, EngineDescription engine, DriverFeatures features)
    {
        var usable = new List<OpenCache>();
        var warnings = new List<string>();
        foreach (var cache in caches)
        {
            if (WhyNot(cache.Told.Type, isWritten: false, engine, features) is { } problem)
            {
                warnings.Add($"The cache '{cache.Spec.SafeText}' is not used: {problem}.");
            }
            else
            {
                usable.Add(cache);
            }
        }

        return (usable, warnings);
    }

    private static string? WhyNot(string type, bool isWritten, EngineDescription engine, DriverFeatures features)
    {
        if (features is { IsDockerDaemon: true, HasContainerdStore: false } && (isWritten ? type != "inline" : s_byCapability.Contains(type)))
        {
            return isWritten ? "its classic image store has no exporter for caches" : $"with a classic image store, a docker daemon reads no cache of the type {type}";
        }

        // A daemon lists them all the same: the list is compiled in.
        if (features.IsDockerDaemon && type is ("s3" or "azblob"))
        {
            return $"the BuildKit in a docker daemon has no cache of the type {type}";
        }

        return s_byCapability.Contains(type) && !engine.Capabilities.Contains("cache." + type)
            ? $"its BuildKit{(engine.Version is null ? "" : " " + engine.Version)} does not list the capability cache.{type}"
            : null;
    }
}
