using System.Buffers;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>
/// Paths by number, in little memory: of each only its name is kept, once, and the number of the folder that it lies in. A
/// tree of a million files takes some 30 MB.
/// </summary>
internal sealed class PathTable
{
    private const int ChunkEntries = 4096;
    private const int ChunkBytes = 64 * 1024;
    private const int None = -1;

    private readonly List<Node[]> _nodes = [];
    private readonly List<byte[]> _names = [];
    private readonly List<(string Path, int Number)> _folders = [];
    private int _used = ChunkBytes;

    /// <summary>How many paths there are.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a path. It is kept best if the folders that it lies in were added before, as a walk finds them.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isFolder">Whether what follows may lie in it.</param>
    /// <returns>Its number: how many there were before.</returns>
    public int Add(string path, bool isFolder)
    {
        while (_folders.Count > 0 && !IsIn(path, _folders[^1].Path))
        {
            _folders.RemoveAt(_folders.Count - 1);
        }

        var (folder, skip) = _folders.Count > 0 ? (_folders[^1].Number, _folders[^1].Path.Length + 1) : (None, 0);
        if (Count % ChunkEntries == 0)
        {
            _nodes.Add(new Node[ChunkEntries]);
        }

        _nodes[^1][Count % ChunkEntries] = Store(folder, path.AsSpan(skip));
        if (isFolder)
        {
            _folders.Add((path, Count));
        }

        return Count++;
    }

    /// <summary>Gives a path.</summary>
    /// <param name="number">Its number.</param>
    /// <returns>The path.</returns>
    public string this[int number]
    {
        get
        {
            var length = -1;
            for (var at = number; at != None; at = At(at).Folder)
            {
                length += At(at).Length + 1;
            }

            var bytes = ArrayPool<byte>.Shared.Rent(length);
            var end = length;
            for (var at = number; at != None; at = At(at).Folder)
            {
                var name = Name(At(at));
                end -= name.Length;
                name.CopyTo(bytes.AsSpan(end));
                if (end > 0)
                {
                    bytes[--end] = (byte)'/';
                }
            }

            var path = NameBytes.Decode(bytes.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(bytes);
            return path;
        }
    }

    private static bool IsIn(string path, string folder) =>
        path.Length > folder.Length && path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal);

    private Node At(int number) => _nodes[number / ChunkEntries][number % ChunkEntries];

    private ReadOnlySpan<byte> Name(Node node) => _names[node.Chunk].AsSpan(node.Start, node.Length);

    private Node Store(int folder, ReadOnlySpan<char> name)
    {
        var most = NameBytes.MaxBytes(name.Length);
        if (ChunkBytes - _used < most)
        {
            // What is left of the old one is too short for a long name, and that is all there is to it.
            _names.Add(new byte[Math.Max(ChunkBytes, most)]);
            _used = 0;
        }

        var length = NameBytes.Encode(name, _names[^1].AsSpan(_used));
        var node = new Node(folder, _names.Count - 1, _used, length);
        _used += length;
        return node;
    }

    private readonly record struct Node(int Folder, int Chunk, int Start, int Length);
}
