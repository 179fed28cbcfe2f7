namespace BuildxPS.Engine.Progress.Ci;

/// <summary>What is logged, and of which build.</summary>
public sealed record CiLogOptions
{
    /// <summary>What tells the build apart from others that run beside it; null where there is one.</summary>
    public string? Label { get; init; }

    /// <summary>The Dockerfile's absolute path; null where it is no file here.</summary>
    public string? DockerfilePath { get; init; }

    /// <summary>Whether warnings are reported; not so where whoever builds does not want to see them.</summary>
    public bool ReportsWarnings { get; init; } = true;

    /// <summary>Whether the failure is reported; not so where whoever builds deals with it.</summary>
    public bool ReportsErrors { get; init; } = true;

    /// <summary>The Dockerfile of a build.</summary>
    /// <param name="request">The build.</param>
    /// <returns>Its absolute path; null where it is no file here.</returns>
    public static string? DockerfileOf(BuildRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var path = request.DockerfileText is not null ? null
            : request.DockerfilePath ?? (request.ContextPath.Length > 0 ? Path.Combine(request.ContextPath, "Dockerfile") : null);
        return path is not null && Path.IsPathFullyQualified(path) ? path : null;
    }
}
