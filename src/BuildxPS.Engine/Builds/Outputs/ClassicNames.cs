using BuildxPS.Engine.Builds.Planning;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>The names of images of several platforms in a store that gives one image a name.</summary>
internal static class ClassicNames
{
    private const int MaxTag = 128;

    /// <summary>The names of one platform's image.</summary>
    /// <param name="names">The names that the user asked for.</param>
    /// <param name="platform">The platform.</param>
    /// <param name="isOwn">Whether it is the daemon's own, which gets the names as they are as well.</param>
    /// <returns><c>NAME:TAG-os-arch[-variant]</c> for each name, and <c>NAME:TAG</c> behind it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.TagInvalid"/>: the tag becomes too long.</exception>
    public static IReadOnlyList<ImageReference> For(IReadOnlyList<ImageReference> names, Platform platform, bool isOwn)
        => [.. names.SelectMany(n => isOwn ? [WithPlatform(n, platform), n] : new[] { WithPlatform(n, platform) })];

    /// <summary>The platform, of several, whose programs a daemon runs best.</summary>
    /// <param name="daemon">The daemon's own platform; null where it is not known.</param>
    /// <param name="platforms">The platforms.</param>
    /// <returns>Null where it runs none of them by itself.</returns>
    public static Platform? OwnOf(Platform? daemon, IReadOnlyList<Platform> platforms)
        => daemon is null ? null
            : platforms
                .Select(p => (Platform: p, Distance: PlatformMatch.Distance(daemon, [p])))
                .Where(p => p.Distance is not null)
                .OrderBy(p => p.Distance)
                .Select(p => p.Platform)
                .FirstOrDefault();

    private static ImageReference WithPlatform(ImageReference name, Platform platform)
    {
        string?[] parts = [name.Tag ?? "latest", platform.OS, platform.Architecture, platform.Variant, platform.OSVersion];
        var tag = string.Join('-', parts.Where(p => p is not null));
        return tag.Length <= MaxTag
            ? name with { Tag = tag, Digest = null }
            : throw new BuildxException(
                BuildxFailure.TagInvalid,
                $"The image '{name}' of {platform} would be loaded with the tag '{tag}', which is longer than {MaxTag} characters.",
                "Use a shorter tag: a docker daemon with a classic image store keeps each platform's image under a tag of its own.");
    }
}
