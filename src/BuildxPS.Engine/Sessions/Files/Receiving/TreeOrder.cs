using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Files.Receiving;

/// <summary>
/// Checks the entries of an incoming tree: clean relative paths, each once, in order, in folders that came before. So no path
/// can lead through a link, or to what an earlier entry put there.
/// </summary>
internal sealed class TreeOrder
{
    private readonly List<string> _folders = [];
    private string _last = "";

    /// <summary>Checks the next entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public void Check(FileEntry entry)
    {
        var path = entry.Path;
        if (TreePath.Problem(path) is { } problem)
        {
            throw WireReader.Violation($"the path '{TreePath.Show(path)}' {problem}");
        }

        if (_last.Length > 0 && TreePath.Compare(_last, path) >= 0)
        {
            throw WireReader.Violation($"'{TreePath.Show(path)}' came out of order, after '{TreePath.Show(_last)}'");
        }

        var parent = TreePath.Parent(path);
        while (_folders.Count > 0 && !parent.SequenceEqual(_folders[^1]))
        {
            _folders.RemoveAt(_folders.Count - 1);
        }

        if (_folders.Count == 0 && !parent.IsEmpty)
        {
            throw WireReader.Violation($"'{TreePath.Show(path)}' came without the folder that it lies in");
        }

        if ((entry.Mode & FileEntryMode.Directory) != 0)
        {
            _folders.Add(path);
        }

        _last = path;
    }
}
