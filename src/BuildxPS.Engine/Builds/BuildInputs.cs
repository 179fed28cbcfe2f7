using BuildxPS.Engine.Builds.Caches;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Builds;

/// <summary>The inputs of a build; what is local is found and looked at before anything is contacted.</summary>
internal sealed record BuildInputs
{
    /// <summary>The build context.</summary>
    public required MainContext Context { get; init; }

    /// <summary>The Dockerfile.</summary>
    public required DockerfileInput Dockerfile { get; init; }

    /// <summary>The caches that the build reads and writes.</summary>
    public PlannedCaches Caches { get; init; } = new();

    /// <summary>The contexts beside the main one.</summary>
    public IReadOnlyList<PlannedContext> Contexts { get; init; } = [];

    /// <summary>Finds the files of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Where they are.</returns>
    /// <exception cref="BuildxException">One is missing or cannot be read, or a policy lies beside the Dockerfile.</exception>
    public static BuildInputs Find(BuildRequest request, ClientEnvironment environment)
    {
        var context = MainContext.Of(request);
        var dockerfile = DockerfileInput.Of(request, context);
        if (context.Kind == MainContextKind.Folder)
        {
            CheckContext(context.Location);
        }

        if (dockerfile.FilePath is { } file)
        {
            CheckDockerfile(file);
        }

        if (context.Kind == MainContextKind.Folder)
        {
            IgnoreFile.Check(dockerfile.FilePath, context.Location);
        }

        if (!request.IgnorePolicy)
        {
            CheckPolicy(dockerfile.FilePath, environment);
        }

        return new BuildInputs { Context = context, Dockerfile = dockerfile };
    }

    /// <summary>Checks that a folder is there and can be listed.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <param name="parameter">What names it.</param>
    internal static void CheckContext(string path, string what = "The build context", string parameter = "-Path")
    {
        if (File.Exists(path))
        {
            throw new BuildxException(
                BuildxFailure.BuildContextNotFound,
                $"{what} '{path}' is a file, not a folder.",
                "Give the folder that the build may read files from; name the Dockerfile itself with -File, and an archive with -ContextStream.");
        }

        try
        {
            using var entries = Directory.EnumerateFileSystemEntries(path).GetEnumerator();
            entries.MoveNext();
        }
        catch (DirectoryNotFoundException e)
        {
            throw new BuildxException(
                BuildxFailure.BuildContextNotFound,
                $"{what} '{path}' does not exist.",
                $"Give an existing folder with {parameter}.",
                e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new BuildxException(
                BuildxFailure.BuildContextUnreadable,
                $"{what} '{path}' cannot be read: {e.Message}",
                $"Give this user the right to list the folder, or choose another one with {parameter}.",
                e);
        }
    }

    private static void CheckDockerfile(string path)
    {
        try
        {
            if (InputFile.Kind(path) is { Length: > 0 } kind)
            {
                throw new BuildxException(
                    BuildxFailure.DockerfileNotFound,
                    $"The Dockerfile '{path}' is {kind}.",
                    "Name a file with -File.");
            }

            File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BuildxException(
                BuildxFailure.DockerfileNotFound,
                $"The Dockerfile '{path}' does not exist.",
                "Put a file named Dockerfile into the build context, or name one with -File.",
                e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new BuildxException(
                BuildxFailure.BuildContextUnreadable,
                $"The Dockerfile '{path}' cannot be read: {e.Message}",
                "Give this user the right to read the file.",
                e);
        }
    }

    /// <summary>A policy can forbid a build. To build without evaluating it would drop that guard in silence.</summary>
    private static void CheckPolicy(string? dockerfile, ClientEnvironment environment)
    {
        const string advice = "Build with docker buildx, which evaluates policies, or give -IgnorePolicy to build without them.";
        var policy = dockerfile + ".rego";
        if (dockerfile is not null && Path.Exists(policy))
        {
            throw new BuildxException(BuildxFailure.PolicyUnsupported, $"The policy '{policy}' beside the Dockerfile cannot be evaluated.", advice);
        }

        if (GoText.Switch(environment, "BUILDX_DEFAULT_POLICY"))
        {
            throw new BuildxException(BuildxFailure.PolicyUnsupported, "BUILDX_DEFAULT_POLICY asks for a policy, which cannot be evaluated.", advice);
        }
    }
}
