using System.Text;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Builds.Git;

/// <summary>
/// A folder that git keeps, read from git's own files: no git needs to be there, and nothing that a repository configures is
/// run. See gitrepository-layout(5).
/// </summary>
internal sealed class GitRepository
{
    private const int MaxText = 16 << 20;
    private const int MaxLinks = 5;

    private readonly string _gitFolder;
    private readonly string _commonFolder;

    private GitRepository(string root, string gitFolder)
    {
        Root = root;
        _gitFolder = gitFolder;
        var common = ReadText(Path.Join(gitFolder, "commondir"))?.Trim();
        _commonFolder = common is null ? gitFolder : Path.GetFullPath(common, gitFolder);
    }

    /// <summary>The folder at the top of the working tree.</summary>
    public string Root { get; }

    /// <summary>Finds the repository that a folder is in.</summary>
    /// <param name="folder">The folder; without symbolic links in its path.</param>
    /// <returns>The repository; null where the folder is in none, or in git's own folder.</returns>
    /// <exception cref="IOException">Git's files cannot be read.</exception>
    public static GitRepository? Find(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            var git = Path.Join(at.FullName, ".git");
            if (Directory.Exists(git) && InputFile.Kind(Path.Join(git, "HEAD")) is "")
            {
                return new GitRepository(at.FullName, git);
            }

            if (!Directory.Exists(git) && ReadText(git) is { } link && link.StartsWith("gitdir:", StringComparison.Ordinal))
            {
                return new GitRepository(at.FullName, Path.GetFullPath(link["gitdir:".Length..].Trim(), at.FullName));
            }
        }

        return null;
    }

    /// <summary>The commit that is checked out.</summary>
    /// <returns>Its id; null where there is none yet.</returns>
    /// <exception cref="InvalidDataException">Git keeps it in a form that is not known here.</exception>
    public string? ReadCommit()
    {
        var value = ReadText(Path.Join(_gitFolder, "HEAD"))?.Trim();
        for (var links = 0; links < MaxLinks && value is not null; links++)
        {
            if (!value.StartsWith("ref:", StringComparison.Ordinal))
            {
                return IsId(value) ? value : throw new InvalidDataException("HEAD is no commit");
            }

            value = Resolve(value["ref:".Length..].Trim());
        }

        return null;
    }

    /// <summary>The remote that the checked out branch follows, else origin, else upstream.</summary>
    /// <returns>Its address without logins; null where there is none.</returns>
    public string? ReadRemote()
    {
        var config = GitConfig.Parse(ReadText(Path.Join(_commonFolder, "config")) ?? "");
        var head = ReadText(Path.Join(_gitFolder, "HEAD"))?.Trim() ?? "";
        var branch = head.StartsWith("ref: refs/heads/", StringComparison.Ordinal) ? head["ref: refs/heads/".Length..] : null;
        var followed = branch is null || config.Find("branch", branch, "merge") is null ? null : config.Find("branch", branch, "remote");
        return new[] { followed, "origin", "upstream" }
            .Select(name => name is null ? null : config.Find("remote", name, "url"))
            .FirstOrDefault(url => !string.IsNullOrEmpty(url)) is { } found ? WithoutLogin(found) : null;
    }

    /// <summary>Takes a user and a password out of an address.</summary>
    /// <param name="address">The address; what is no URL is kept as it is.</param>
    /// <returns>The address.</returns>
    internal static string WithoutLogin(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            return address;
        }

        var host = scheme + "://".Length;
        var end = address.AsSpan(host).IndexOfAny('/', '?', '#') is >= 0 and var path ? host + path : address.Length;
        return address.LastIndexOf('@', end - 1, end - host) is >= 0 and var at ? address[..host] + address[(at + 1)..] : address;
    }

    private string? Resolve(string name)
    {
        // A name is a path below git's folder, and a hostile HEAD could lead out of it.
        if (!name.StartsWith("refs/", StringComparison.Ordinal) || name.Split('/').Contains(".."))
        {
            throw new InvalidDataException("HEAD is " + DisplayText.Line(name, 256));
        }

        return (ReadText(Path.Join(_gitFolder, name)) ?? ReadText(Path.Join(_commonFolder, name)))?.Trim() is { Length: > 0 } loose ? loose
            : Directory.Exists(Path.Join(_commonFolder, "reftable")) ? throw new InvalidDataException("its references are in a reftable")
            : ResolvePacked(name);
    }

    private string? ResolvePacked(string name)
        => ReadText(Path.Join(_commonFolder, "packed-refs"))?.Split('\n')
            .FirstOrDefault(l => !l.StartsWith('#') && l.TrimEnd('\r').EndsWith(" " + name, StringComparison.Ordinal))?.Split(' ')[0];

    private static bool IsId(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>A repository may be anybody's: only regular files are read, and no more of them than can be right.</summary>
    private static string? ReadText(string path)
    {
        RefuseOtherMachine(path);
        if (InputFile.Kind(path) is not "")
        {
            return null;
        }

        using var file = File.OpenRead(path);
        var bytes = new byte[Math.Min(file.Length, MaxText + 1)];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length > MaxText ? throw new InvalidDataException($"'{path}' is too large") : Encoding.UTF8.GetString(bytes, 0, length);
    }

    /// <summary>On Windows a path can name another machine, which would be sent the user's login.</summary>
    private static void RefuseOtherMachine(string path)
    {
        if (OperatingSystem.IsWindows() && path.StartsWith(@"\\", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"'{path}' is on another machine");
        }
    }
}
