using System.Diagnostics;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;

namespace BuildxPS.Engine.Builds.Git;

/// <summary>What provenance, and labels where they are asked for, say of the repository that a build context is in.</summary>
internal sealed record GitFacts
{
    private const string DirtyVariable = "BUILDX_GIT_CHECK_DIRTY";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>The top of the working tree; null where facts are not wanted, or there is no repository.</summary>
    public string? Root { get; init; }

    /// <summary>The commit, with <c>-dirty</c> where that was asked for and is so.</summary>
    public string? Revision { get; init; }

    /// <summary>The repository's address.</summary>
    public string? Source { get; init; }

    /// <summary>Whether provenance gets them.</summary>
    public bool ForProvenance { get; init; }

    /// <summary>Whether labels get them.</summary>
    public bool ForLabels { get; init; }

    /// <summary>Why nothing is known although there is a repository; null where nothing is wrong.</summary>
    public string? Warning { get; init; }

    /// <summary>Reads the facts of a context.</summary>
    /// <param name="folder">The context's folder.</param>
    /// <param name="environment">The client's surroundings; BUILDX_GIT_INFO, BUILDX_GIT_LABELS and BUILDX_GIT_CHECK_DIRTY count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The facts; empty where there are none.</returns>
    public static async Task<GitFacts> ReadAsync(string folder, ClientEnvironment environment, CancellationToken cancellationToken)
    {
        var labels = environment["BUILDX_GIT_LABELS"] is { } text && (text == "full" || GoText.Boolean(text) == true);
        var info = environment["BUILDX_GIT_INFO"] is not { } wanted || GoText.Boolean(wanted) != false;
        if (!labels && !info)
        {
            return new GitFacts();
        }

        try
        {
            if (GitRepository.Find(RealPath(folder)) is not { } repository)
            {
                return new GitFacts();
            }

            var revision = repository.ReadCommit();
            if (revision is not null && environment[DirtyVariable] is { } check && GoText.Boolean(check) == true
                && await IsDirtyAsync(folder, environment, cancellationToken).ConfigureAwait(false))
            {
                revision += "-dirty";
            }

            return new GitFacts { Root = repository.Root, Revision = revision, Source = repository.ReadRemote(), ForProvenance = info, ForLabels = labels };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new GitFacts { Warning = $"The current commit of '{folder}' is not recorded with the build: {DisplayText.Line(e.Message).TrimEnd('.')}." };
        }
    }

    /// <summary>Adds the facts to what the frontend is told.</summary>
    /// <param name="call">The call without them; labels that the user gave stay.</param>
    /// <param name="inputs">The build's local inputs.</param>
    /// <returns>The call.</returns>
    public FrontendCall AddTo(FrontendCall call, BuildInputs inputs)
    {
        if (Root is null)
        {
            return call;
        }

        var attributes = call.Attributes.ToDictionary(StringComparer.Ordinal);
        if (ForLabels)
        {
            AddLabel("org.opencontainers.image.revision", Revision);
            AddLabel("org.opencontainers.image.source", Source);
            AddLabel("com.docker.image.source.entrypoint", Inside(inputs.Dockerfile.Folder) is { } folder ? folder == "." ? inputs.Dockerfile.Name : $"{folder}/{inputs.Dockerfile.Name}" : null);
        }

        if (ForProvenance)
        {
            AddFact("vcs:revision", Revision);
            AddFact("vcs:source", Source);
            AddFact("vcs:localdir:context", Inside(inputs.Context.Location));
            AddFact("vcs:localdir:dockerfile", Inside(inputs.Dockerfile.Folder));
            foreach (var context in inputs.Contexts.Select(c => c.Spec).Where(c => c.Kind == BuildContextKind.Folder))
            {
                AddFact("vcs:localdir:" + ClientContent.MountOf(context.Name), Inside(context.Location));
            }
        }

        return call with { Attributes = attributes };

        void AddLabel(string name, string? value)
        {
            if (value is not null)
            {
                attributes.TryAdd("label:" + name, value);
            }
        }

        void AddFact(string name, string? value)
        {
            if (value is not null)
            {
                attributes[name] = value;
            }
        }
    }

    /// <summary>Where a folder is in the repository, with slashes; null where it is not in it.</summary>
    private string? Inside(string? folder)
    {
        if (folder is null)
        {
            return null;
        }

        try
        {
            var path = Path.GetRelativePath(Root!, RealPath(folder)).Replace('\\', '/');
            return path is ".." || path.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(path) ? null : path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A path without symbolic links, which is how git names the top of a working tree.</summary>
    private static string RealPath(string folder)
    {
        var path = Path.GetPathRoot(folder) ?? "";
        foreach (var part in folder[path.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            path = Path.Join(path, part);
            if (new DirectoryInfo(path).LinkTarget is not null)
            {
                path = RealPath(Directory.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName);
            }
        }

        return path;
    }

    /// <summary>Only git itself knows that in all cases, so that this one question needs it; ignored files count, as in buildx.</summary>
    private static async Task<bool> IsDirtyAsync(string folder, ClientEnvironment environment, CancellationToken cancellationToken)
    {
        var program = CredentialHelper.FindProgram(environment, "git") ?? throw new InvalidDataException($"{DirtyVariable} asks whether it is changed, and git is not on PATH");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        try
        {
            using var git = Process.Start(new ProcessStartInfo(program)
            {
                ArgumentList = { "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", $"core.hooksPath={(OperatingSystem.IsWindows() ? "NUL" : "/dev/null")}", "status", "--porcelain", "--ignored" },
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
                Environment = { ["LC_ALL"] = "C" },
            })!;
            try
            {
                var errors = git.StandardError.ReadToEndAsync(limit.Token);
                var isDirty = await git.StandardOutput.ReadLineAsync(limit.Token).ConfigureAwait(false) is not null;
                git.StandardOutput.Close();
                _ = await errors.ConfigureAwait(false);
                await git.WaitForExitAsync(limit.Token).ConfigureAwait(false);
                return isDirty || git.ExitCode != 0;
            }
            finally
            {
                if (!git.HasExited)
                {
                    git.Kill(entireProcessTree: true);
                }
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidDataException($"{DirtyVariable} asks whether it is changed, and git cannot be run ({e.Message})", e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidDataException("git did not answer in time");
        }
    }
}
