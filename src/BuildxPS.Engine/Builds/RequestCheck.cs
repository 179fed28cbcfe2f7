using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds;

/// <summary>What can be wrong with a request on its face: nothing is looked at or contacted.</summary>
internal static class RequestCheck
{
    /// <summary>Checks a request and fills in what the environment sets.</summary>
    /// <param name="request">The request.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The request to work with: each platform once, <c>DOCKER_DEFAULT_PLATFORM</c> where none was given.</returns>
    /// <exception cref="BuildxException">Naming the part that is wrong.</exception>
    public static BuildRequest Normalize(BuildRequest request, ClientEnvironment environment)
    {
        RequireAbsolute(request.ContextPath, "The build context");
        if (request.DockerfilePath is { } dockerfile)
        {
            RequireAbsolute(dockerfile, "The Dockerfile");
        }

        CheckNames(request.BuildArguments, "build argument");
        CheckNames(request.Labels, "label");
        CheckTags(request.Tags);
        CheckClientArguments(request);
        return request with { Platforms = Platforms(request, environment) };
    }

    private static void RequireAbsolute(string path, string what)
    {
        if (string.IsNullOrEmpty(path) || !Path.IsPathFullyQualified(path))
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"{what} '{path}' is not an absolute path.",
                "Give an absolute path.");
        }
    }

    private static void CheckNames(IReadOnlyDictionary<string, string> pairs, string what)
    {
        foreach (var (name, value) in pairs)
        {
            if (string.IsNullOrEmpty(name) || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal) || value is null)
            {
                throw new BuildxException(
                    BuildxFailure.ArgumentInvalid,
                    $"The {what} '{name}={value}' is not written as NAME=VALUE: its name is {(string.IsNullOrEmpty(name) ? "empty" : "not valid")}.",
                    $"Write each {what} as NAME=VALUE with a name that is not empty.");
            }
        }
    }

    private static void CheckTags(IReadOnlyList<ImageReference> tags)
    {
        foreach (var tag in tags)
        {
            if (tag.Digest is not null)
            {
                throw new BuildxException(
                    BuildxFailure.TagInvalid,
                    $"The tag '{tag}' holds a digest, which only the finished image has.",
                    "Name the image as repository:tag, without '@sha256:…'.");
            }
        }
    }

    /// <summary>Build arguments that are meant for the client and not for the Dockerfile.</summary>
    private static void CheckClientArguments(BuildRequest request)
    {
        if (request.BuildArguments.TryGetValue("BUILDKIT_INLINE_CACHE", out var inline) && GoText.Boolean(inline) == true)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                "The build argument BUILDKIT_INLINE_CACHE asks for a cache export, which is not available yet.",
                "Leave BUILDKIT_INLINE_CACHE out.");
        }

        if (request.BuildArguments.TryGetValue("BUILDKIT_SYNTAX", out var syntax) && string.IsNullOrWhiteSpace(syntax))
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                "The build argument BUILDKIT_SYNTAX is empty; it must name a frontend image.",
                "Name an image, for example BUILDKIT_SYNTAX=docker/dockerfile:1, or leave it out.");
        }
    }

    private static IReadOnlyList<Platform> Platforms(BuildRequest request, ClientEnvironment environment)
        => request.Platforms.Count > 0 ? [.. request.Platforms.Distinct()]
            : environment["DOCKER_DEFAULT_PLATFORM"] is { } text ? [.. text.Split(',').Select(Platform.Parse).Distinct()]
            : [];
}
