using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Caches;

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

    /// <summary>Checks the caches of a request.</summary>
    /// <param name="request">The request.</param>
    /// <returns>Each cache once, with what a build argument asks for.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/>, naming the part.</exception>
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

    /// <summary>A cache that cannot be what the user means.</summary>
    /// <param name="problem">What is wrong, without secrets and without a full stop.</param>
    /// <param name="advice">How it is right.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.CacheInvalid, problem + ".", advice);

    private static IEnumerable<string> CheckFrom(CacheSpec cache)
    {
        if (cache.Type == "inline")
        {
            throw Invalid($"The cache '{cache.SafeText}' is to be read, and an inline cache is read from the image that holds it", "Name that image: -CacheFrom registry.local:5000/team/app:1.0.");
        }

        var warnings = CacheAttributes.Check(cache, isWritten: false);
        switch (cache.Type)
        {
            case "registry":
                RequireReference(cache);
                break;
            case "local":
                RequireFolder(cache, "src");
                if (cache.Attributes.TryGetValue("digest", out var digest) && !ContentDigest.TryParse(digest, out _))
                {
                    throw Invalid($"The cache '{cache.SafeText}' names the digest '{digest}', which is none", "Write a digest as sha256: and 64 hexadecimal digits, or leave it out.");
                }

                RequireTag(cache);
                break;
        }

        return warnings;
    }

    private static IEnumerable<string> CheckTo(CacheSpec cache)
    {
        var warnings = CacheAttributes.Check(cache, isWritten: true);
        switch (cache.Type)
        {
            case "registry":
                RequireReference(cache);
                break;
            case "local":
                RequireFolder(cache, "dest");
                RequireTag(cache);
                break;
        }

        if (cache.Attributes.TryGetValue("image-manifest", out var image) && GoText.Boolean(image) == true
            && cache.Attributes.TryGetValue("oci-mediatypes", out var oci) && GoText.Boolean(oci) == false)
        {
            throw Invalid($"The cache '{cache.SafeText}' is to be an image manifest without OCI's media types, and there is no such one", "Leave out oci-mediatypes=false, or image-manifest=true.");
        }

        return warnings;
    }

    private static void RequireReference(CacheSpec cache)
    {
        if (!cache.Attributes.TryGetValue("ref", out var reference))
        {
            throw Invalid($"The cache '{cache.SafeText}' has no ref", "Say where it is, for example type=registry,ref=registry.local:5000/team/app:cache.");
        }

        if (!ImageReference.TryParse(reference, out _, out var problem))
        {
            throw Invalid($"The ref of the cache '{cache.SafeText}' is not an image reference: {problem}", "Write it as [registry[:port]/]repository[:tag].");
        }
    }

    private static void RequireFolder(CacheSpec cache, string name)
    {
        if (!cache.Attributes.TryGetValue(name, out var folder) || folder.Length == 0)
        {
            throw Invalid($"The cache '{cache.SafeText}' has no {name}", $"Name a folder, for example type=local,{name}=folder.");
        }

        if (RequestCheck.HasImpossibleCharacter(folder, out var shown))
        {
            throw Invalid($"The folder '{shown}' of a cache is not a path: no name of a file holds such a character", "Take the character out of the path.");
        }

        if (!Path.IsPathFullyQualified(folder))
        {
            throw Invalid($"The folder of the cache '{cache.SafeText}' is not an absolute path", "Give an absolute path.");
        }
    }

    private static void RequireTag(CacheSpec cache)
    {
        if (cache.Attributes.TryGetValue("tag", out var tag) && (tag.Length == 0 || tag.Any(char.IsControl)))
        {
            throw Invalid($"The cache '{cache.SafeText}' has no usable tag", "Name a tag, or leave it out for 'latest'.");
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
}
