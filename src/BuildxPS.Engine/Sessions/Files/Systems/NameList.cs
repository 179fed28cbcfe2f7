using System.Buffers;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>The names in one folder, as bytes in one piece of memory: a folder can have a million.</summary>
internal sealed class NameList : IDisposable
{
    private readonly List<Name> _names = [];
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(4096);
    private int _length;

    /// <summary>What the folder says of an entry besides its name.</summary>
    public enum Kind : byte
    {
        /// <summary>It does not say.</summary>
        Unknown,

        /// <summary>It is a folder.</summary>
        Folder,

        /// <summary>It is no folder.</summary>
        Other,
    }

    /// <summary>How many names there are.</summary>
    public int Count => _names.Count;

    /// <summary>A name: its bytes, and a zero behind them as the C library wants it.</summary>
    /// <param name="index">Which.</param>
    /// <returns>The bytes, valid until the list changes.</returns>
    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(_names[index].At, _names[index].Length + 1);

    /// <summary>What is known of an entry's kind without asking for its status.</summary>
    /// <param name="index">Which.</param>
    /// <returns>The kind.</returns>
    public Kind KindOf(int index) => _names[index].Kind;

    /// <summary>Adds a name.</summary>
    /// <param name="name">Its bytes.</param>
    /// <param name="kind">What it stands for.</param>
    public void Add(ReadOnlySpan<byte> name, Kind kind)
    {
        if (_bytes.Length - _length <= name.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + name.Length + 1));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        name.CopyTo(_bytes.AsSpan(_length));
        _bytes[_length + name.Length] = 0;
        _names.Add(new Name(_length, (ushort)name.Length, kind));
        _length += name.Length + 1;
    }

    /// <summary>Sorts by bytes.</summary>
    public void Sort()
    {
        var bytes = _bytes;
        _names.Sort((x, y) => bytes.AsSpan(x.At, x.Length).SequenceCompareTo(bytes.AsSpan(y.At, y.Length)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _names.Clear();
    }

    private readonly record struct Name(int At, ushort Length, Kind Kind);
}
