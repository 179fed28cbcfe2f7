using System.Text;
using BuildxPS.Engine.Sessions.Files.Patterns;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>
/// Finds what a path leads to over the symbolic links of a tree, so that a link arrives together with its target.
/// </summary>
internal sealed class FollowPaths
{
    private readonly string _root;
    private readonly IFileSystem _files;
    private readonly HashSet<string> _resolved = new(StringComparer.Ordinal);

    private FollowPaths(string root, IFileSystem files)
    {
        _root = root;
        _files = files;
    }

    /// <summary>Resolves paths to include patterns.</summary>
    /// <param name="root">The tree's folder.</param>
    /// <param name="paths">The paths; components may have wildcards.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The links on the way and what they lead to; null if that is the whole tree.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuildContextUnreadable"/>.</exception>
    public static IReadOnlyList<string>? Resolve(string root, IReadOnlyList<string> paths, IFileSystem files)
    {
        var follow = new FollowPaths(root, files);
        foreach (var path in paths)
        {
            follow.Add(path);
        }

        return WithoutNested(follow._resolved.Order(Comparer<string>.Create((x, y) => Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y)))));
    }

    /// <summary>Drops each path that lies in the one before it.</summary>
    /// <param name="paths">Sorted paths.</param>
    /// <returns>The rest, or null if one is the root.</returns>
    public static IReadOnlyList<string>? WithoutNested(IEnumerable<string> paths)
    {
        var kept = new List<string>();
        foreach (var path in paths)
        {
            if (path == ".")
            {
                return null;
            }

            if (kept.Count == 0 || !path.StartsWith(kept[^1] + "/", StringComparison.Ordinal))
            {
                kept.Add(path);
            }
        }

        return kept;
    }

    private void Add(string path)
    {
        var rest = TreePath.Clean("/" + (_files.BackslashSeparates ? path.Replace('\\', '/') : path))[1..];
        var current = "";
        while (true)
        {
            var slash = rest.IndexOf('/', StringComparison.Ordinal);
            var name = slash < 0 ? rest : rest[..slash];
            rest = slash < 0 ? "" : rest[(slash + 1)..];
            current = current.Length == 0 ? name : $"{current}/{name}";
            var targets = Targets(current);
            if (targets.Count == 0 && rest.Length > 0)
            {
                continue;
            }

            // Each link is followed once, which also ends loops.
            if (!_resolved.Add(current.Length == 0 ? "." : current))
            {
                return;
            }

            foreach (var target in targets)
            {
                Add($"{target}/{rest}");
            }

            return;
        }
    }

    private List<string> Targets(string path)
    {
        var targets = new List<string>();
        var folder = TreePath.Parent(path).ToString();
        var name = path[(folder.Length == 0 ? 0 : folder.Length + 1)..];
        if (!HasWildcard(name))
        {
            AddTarget(path, targets);
            return targets;
        }

        NamePattern pattern;
        try
        {
            pattern = new NamePattern(name);
        }
        catch (FormatException)
        {
            return targets;
        }

        foreach (var candidate in Names(folder).Where(n => pattern.IsMatch(n)))
        {
            AddTarget(folder.Length == 0 ? candidate : $"{folder}/{candidate}", targets);
        }

        return targets;
    }

    private List<string> Names(string folder) => Read(folder, full =>
        folder.Length == 0 || _files.Status(full) is { IsDirectory: true } ? FolderNames.Read(full) : []);

    private void AddTarget(string path, List<string> targets)
    {
        if (path.Length > 0 && Read(path, full => _files.Status(full) is { IsSymlink: true } ? _files.ReadLink(full) : null) is { } target)
        {
            // An absolute target counts from the tree's root: that is where it will point once the tree is in an image.
            target = _files.BackslashSeparates ? WindowsEntry.WithoutDrive(target) : target;
            targets.Add(TreePath.Clean(target.StartsWith('/') ? target : $"/{TreePath.Parent(path)}/{target}"));
        }
    }

    private T Read<T>(string path, Func<string, T> read)
    {
        var full = Path.Join(_root, path);
        try
        {
            return read(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TreeWalk.Unreadable(path, full, e.Message, e);
        }
    }

    private static bool HasWildcard(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '\\')
            {
                i++;
            }
            else if (name[i] is '*' or '?' or '[')
            {
                return true;
            }
        }

        return false;
    }
}
