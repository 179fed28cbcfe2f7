namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>What can be wrong with a request's context and Dockerfile on its face: nothing is looked at or contacted.</summary>
internal static class ContextCheck
{
    /// <summary>Checks both, and that they fit together.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static void Check(BuildRequest request)
    {
        if (request.DockerfileText is { } text)
        {
            CheckText(request, text);
        }

        if (request.ContextArchive is { } archive && !string.IsNullOrEmpty(request.ContextPath))
        {
            throw Invalid(
                $"There are two build contexts, '{BuildAddress.Show(request.ContextPath)}' and {archive.Name}",
                "Give a folder or an address with -Path, or an archive with -ContextStream, and not both.");
        }

        var isAddress = BuildAddress.IsAddress(request.ContextPath ?? "");
        if (isAddress)
        {
            _ = BuildAddress.Parse(request.ContextPath!, "The build context");
        }
        else if (request.ContextArchive is null && !IsMissing(request))
        {
            RequestCheck.RequireAbsolute(request.ContextPath!, "The build context");
        }

        if (request.DockerfilePath is { } dockerfile)
        {
            CheckDockerfile(dockerfile, isInContext: isAddress || request.ContextArchive is not null);
        }
    }

    /// <summary>Adds what is implied: git fetches over ssh with the user's agent.</summary>
    /// <param name="request">The request, checked.</param>
    /// <returns>The request to work with.</returns>
    public static BuildRequest WithImplied(BuildRequest request)
        => request.Ssh.Count == 0 && MainContext.Of(request).Address is { IsSsh: true } ? request with { Ssh = [new SshSpec()] } : request;

    /// <summary>Whether there is no context, and none is needed.</summary>
    private static bool IsMissing(BuildRequest request)
        => string.IsNullOrEmpty(request.ContextPath) && (request.DockerfileText is not null || BuildAddress.IsHttp(request.DockerfilePath ?? ""));

    private static void CheckText(BuildRequest request, string text)
    {
        if (request.DockerfilePath is { } other)
        {
            throw Invalid(
                $"There are two Dockerfiles, a text and '{BuildAddress.Show(other)}'",
                "Give the Dockerfile as a file or an address with -File, or as a text with -DockerfileContent, and not both.");
        }

        if (string.IsNullOrWhiteSpace(text.TrimStart('\uFEFF')))
        {
            throw Invalid("The text of the Dockerfile is empty", "Give its lines, the first of which is FROM.");
        }
    }

    private static void CheckDockerfile(string path, bool isInContext)
    {
        if (BuildAddress.IsHttp(path))
        {
            _ = BuildAddress.Parse(path, "The Dockerfile");
        }
        else if (!isInContext || string.IsNullOrWhiteSpace(path) || Path.IsPathFullyQualified(path) || RequestCheck.HasImpossibleCharacter(path, out _))
        {
            RequestCheck.RequireAbsolute(path, "The Dockerfile");
        }
        else if (path.Split('/', Path.DirectorySeparatorChar).Contains(".."))
        {
            throw Invalid($"The Dockerfile '{path}' lies outside of the build context", "Name a file in the context by its path there, or one of this machine by its absolute path.");
        }
    }

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);
}
