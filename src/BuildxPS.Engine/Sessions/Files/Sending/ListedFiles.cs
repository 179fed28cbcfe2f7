namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>The entries that the engine was told of, by number, and which of them it may ask for. Safe for several threads.</summary>
internal sealed class ListedFiles
{
    private const int ChunkEntries = 4096;
    private const long NotRequestable = -1;

    private readonly Lock _gate = new();
    private readonly PathTable _paths = new();
    private readonly List<long[]> _sizes = [];

    /// <summary>Adds the next entry.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="isFolder">Whether it is a folder.</param>
    /// <param name="size">Bytes that can be asked for; null if there are none to ask for.</param>
    /// <returns>Its number.</returns>
    public int Add(string path, bool isFolder, long? size)
    {
        lock (_gate)
        {
            var number = _paths.Add(path, isFolder);
            if (number % ChunkEntries == 0)
            {
                _sizes.Add(new long[ChunkEntries]);
            }

            _sizes[^1][number % ChunkEntries] = size ?? NotRequestable;
            return number;
        }
    }

    /// <summary>Takes a request: an entry can be asked for once.</summary>
    /// <param name="number">The entry.</param>
    /// <returns>Its size, or null if it is none that can be asked for, or not again.</returns>
    public long? Take(uint number)
    {
        lock (_gate)
        {
            if (number >= _paths.Count)
            {
                return null;
            }

            ref var size = ref _sizes[(int)number / ChunkEntries][number % ChunkEntries];
            var taken = size;
            size = NotRequestable;
            return taken == NotRequestable ? null : taken;
        }
    }

    /// <summary>Gives an entry's path.</summary>
    /// <param name="number">The entry.</param>
    /// <returns>The path.</returns>
    public string PathOf(uint number)
    {
        lock (_gate)
        {
            return _paths[(int)number];
        }
    }
}
