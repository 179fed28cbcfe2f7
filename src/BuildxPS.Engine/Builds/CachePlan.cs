using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>The caches of a build, checked as far as they can be without an engine.</summary>
internal sealed record PlannedCaches
{
    /// <summary>What the build reads from.</summary>
    public IReadOnlyList<CacheSpec> From { get; init; } = [];

    /// <summary>What the build writes to.</summary>
    public IReadOnlyList<CacheSpec> To { get; init; } = [];

    /// <summary>What the user should be told before the build.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Checks the caches that a user asked for, before anything is looked at or contacted.</summary>
internal static class CachePlan
{
    private const string InlineCache = "BUILDKIT_INLINE_CACHE";

    private static readonly string[] s_later = ["gha", "s3", "azblob"];

    // What BuildKit reads of every cache that it writes.
    private static readonly string[] s_written = ["mode", "ignore-error", "compression", "compression-level", "force-compression", "oci-mediatypes", "image-manifest"];
    private static readonly string[] s_registry = ["ref", "registry.insecure"];
    private static readonly string[] s_localFrom = ["src", "digest", "tag"];
    private static readonly string[] s_localTo = ["dest", "tag", "reset"];

    /// <summary>Checks the caches of a request.</summary>
    /// <param name="request">The request.</param>
    /// <returns>Each cache once, with what a build argument asks for.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/> or <see cref="BuildxFailure.NotImplemented"/>, naming the part.</exception>
    public static PlannedCaches Check(BuildRequest request)
    {
        var warnings = new List<string>();
        var from = request.CacheFrom.DistinctBy(c => c.ToString()).ToList();
        var to = request.CacheTo.DistinctBy(c => c.ToString()).ToList();
        if (request.BuildArguments.TryGetValue(InlineCache, out var inline) && GoText.Boolean(inline) == true && !to.Exists(c => c.Type == "inline"))
        {
            to.Add(new CacheSpec { Type = "inline" });
        }

        from.ForEach(c => warnings.AddRange(CheckFrom(c)));
        to.ForEach(c => warnings.AddRange(CheckTo(c)));
        RefuseRepeats(to, "local", "dest");
        RefuseRepeats(to, "registry", "ref");
        return new PlannedCaches { From = from, To = to, Warnings = warnings };
    }

    /// <summary>Checks whether an engine can write the caches.</summary>
    /// <param name="caches">The caches.</param>
    /// <param name="features">What the engine's driver can do.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static void CheckEngine(PlannedCaches caches, DriverFeatures features)
    {
        if (features is { IsDockerDaemon: true, HasContainerdStore: false } && caches.To.FirstOrDefault(c => c.Type != "inline") is { } unsupported)
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The daemon cannot write the cache '{unsupported}': its classic image store has no exporter for caches.",
                "Build on a builder of its own (New-BuildxBuilder), switch the daemon to the containerd image store, or use -CacheTo type=inline, which goes with the image.");
        }
    }

    private static IEnumerable<string> CheckFrom(CacheSpec cache)
    {
        switch (cache.Type)
        {
            case "registry":
                RequireReference(cache);
                return Unknown(cache, s_registry);
            case "local":
                RequireFolder(cache, "src");
                if (cache.Attributes.TryGetValue("digest", out var digest) && !ContentDigest.TryParse(digest, out _))
                {
                    throw Invalid($"The cache '{cache}' names the digest '{digest}', which is none", "Write a digest as sha256: and 64 hexadecimal digits, or leave it out.");
                }

                RequireTag(cache);
                return Unknown(cache, s_localFrom);
            case "inline":
                throw Invalid($"The cache '{cache}' is to be read, and an inline cache is read from the image that holds it", "Name that image: -CacheFrom registry.local:5000/team/app:1.0.");
            default:
                throw UnknownType(cache, "registry and local");
        }
    }

    private static IEnumerable<string> CheckTo(CacheSpec cache)
    {
        if (cache.Attributes.TryGetValue("mode", out var mode) && mode is not ("min" or "max"))
        {
            throw Invalid($"The cache '{cache}' has the mode '{mode}'", "The modes are min (the result's own layers) and max (those of all steps).");
        }

        switch (cache.Type)
        {
            case "inline":
                return Unknown(cache, []);
            case "registry":
                RequireReference(cache);
                return Unknown(cache, [.. s_registry, .. s_written]);
            case "local":
                RequireFolder(cache, "dest");
                RequireTag(cache);
                if (cache.Attributes.TryGetValue("reset", out var reset) && GoText.Boolean(reset) is null)
                {
                    throw Invalid($"The cache '{cache}' has reset={reset}, which is neither true nor false", "Write true or false.");
                }

                return Unknown(cache, [.. s_localTo, .. s_written]);
            default:
                throw UnknownType(cache, "registry, local and inline");
        }
    }

    private static void RequireReference(CacheSpec cache)
    {
        if (!cache.Attributes.TryGetValue("ref", out var reference))
        {
            throw Invalid($"The cache '{cache}' has no ref", "Say where it is, for example type=registry,ref=registry.local:5000/team/app:cache.");
        }

        if (!ImageReference.TryParse(reference, out _, out var problem))
        {
            throw Invalid($"The ref of the cache '{cache}' is not an image reference: {problem}", "Write it as [registry[:port]/]repository[:tag].");
        }
    }

    private static void RequireFolder(CacheSpec cache, string name)
    {
        if (!cache.Attributes.TryGetValue(name, out var folder) || folder.Length == 0)
        {
            throw Invalid($"The cache '{cache}' has no {name}", $"Name a folder, for example type=local,{name}=folder.");
        }

        if (RequestCheck.HasImpossibleCharacter(folder, out var shown))
        {
            throw Invalid($"The folder '{shown}' of a cache is not a path: no name of a file holds such a character", "Take the character out of the path.");
        }

        if (!Path.IsPathFullyQualified(folder))
        {
            throw Invalid($"The folder of the cache '{cache}' is not an absolute path", "Give an absolute path.");
        }
    }

    private static void RequireTag(CacheSpec cache)
    {
        if (cache.Attributes.TryGetValue("tag", out var tag) && (tag.Length == 0 || tag.Any(char.IsControl)))
        {
            throw Invalid($"The cache '{cache}' has no usable tag", "Name a tag, or leave it out for 'latest'.");
        }
    }

    private static void RefuseRepeats(List<CacheSpec> caches, string type, string key)
    {
        var comparer = type == "local" && OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var twice = caches.Where(c => c.Type == type).GroupBy(c => Normal(c.Attributes[key]), comparer).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            throw Invalid($"Two caches are to be written to '{twice.Key}'", $"Give each cache a {key} of its own.");
        }

        string Normal(string value) => type == "local" ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(value)) : value;
    }

    private static IEnumerable<string> Unknown(CacheSpec cache, string[] known)
        => cache.Attributes.Keys.Except(known, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(k => $"The cache '{cache}' has the attribute '{k}', which this module does not know. The engine gets it as it is, and may ignore it.");

    private static BuildxException UnknownType(CacheSpec cache, string types)
        => s_later.Contains(cache.Type)
            ? new(
                BuildxFailure.NotImplemented,
                $"The cache '{cache}' is of the type '{cache.Type}', which is not built yet.",
                $"The types that are there are {types}; use one of them, or docker buildx for this one.")
            : Invalid($"The cache '{cache}' has the type '{cache.Type}', which is not known", $"The types are {types}.");

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.CacheInvalid, problem + ".", advice);
}
