using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Patterns;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>Decides which entries of a tree were asked for.</summary>
internal sealed class TreeFilter
{
    private readonly IgnorePatterns? _include;
    private readonly IgnorePatterns? _exclude;

    private TreeFilter(IgnorePatterns? include, IgnorePatterns? exclude)
    {
        _include = include;
        _exclude = exclude;
    }

    /// <summary>Makes a filter for a tree.</summary>
    /// <param name="selection">What was asked for.</param>
    /// <param name="root">The tree's folder, where links are followed.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The filter.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/>.</exception>
    public static TreeFilter Create(FileSelection selection, string root, IFileSystem files)
    {
        IReadOnlyList<string>? includes = selection.IncludePatterns;
        if (selection.FollowPaths.Count > 0 && FollowPaths.Resolve(root, selection.FollowPaths, files) is { } followed)
        {
            includes = FollowPaths.WithoutNested([.. includes, .. followed]);
        }

        return new TreeFilter(
            includes is { Count: > 0 } ? IgnorePatterns.Parse(includes, files.BackslashSeparates) : null,
            selection.ExcludePatterns.Count > 0 ? IgnorePatterns.Parse(selection.ExcludePatterns, files.BackslashSeparates) : null);
    }

    /// <summary>What the patterns gave for a folder, which its entries start from.</summary>
    public sealed class FolderMatches
    {
        internal FolderMatches(int includes, int excludes)
        {
            Include = new bool[includes];
            Exclude = new bool[excludes];
        }

        internal bool[] Include { get; }

        internal bool[] Exclude { get; }

        internal FolderMatches Copy()
        {
            var copy = new FolderMatches(Include.Length, Exclude.Length);
            Include.CopyTo(copy.Include, 0);
            Exclude.CopyTo(copy.Exclude, 0);
            return copy;
        }
    }

    /// <summary>Room for the results of one entry; all false, as for the root.</summary>
    /// <returns>The room.</returns>
    public FolderMatches NewMatches() => new(_include?.Count ?? 0, _exclude?.Count ?? 0);

    /// <summary>Decides about an entry.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="folder">The results of its folder.</param>
    /// <param name="matches">Takes the entry's results.</param>
    /// <param name="mayHold">Whether, if it is a folder, something in it may have been asked for.</param>
    /// <returns>Whether it was asked for.</returns>
    public bool Select(string path, FolderMatches folder, FolderMatches matches, out bool mayHold)
    {
        var included = _include is null || _include.IsMatch(path, folder.Include, matches.Include);
        mayHold = included || _include!.MayMatchIn(path);
        if (!mayHold)
        {
            return false;
        }

        var excluded = _exclude is not null && _exclude.IsMatch(path, folder.Exclude, matches.Exclude);
        mayHold = !excluded || _exclude!.MayExceptIn(path);
        return included && !excluded;
    }
}
