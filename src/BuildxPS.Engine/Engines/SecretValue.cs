using System.Security.Cryptography;

namespace BuildxPS.Engine.Engines;

/// <summary>
/// The bytes of a secret while they are sent. They lie in memory that the garbage collector does not move, so that no copy
/// stays behind, and are zero after <see cref="Dispose"/>.
/// </summary>
public sealed class SecretValue : IDisposable
{
    private byte[] _buffer;

    /// <summary>Makes room.</summary>
    /// <param name="capacity">Bytes to make room for.</param>
    public SecretValue(int capacity) => _buffer = Allocate(capacity);

    /// <summary>How many bytes it has.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes, until it is disposed.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, Length);

    /// <summary>Room behind the bytes, at least one byte of it.</summary>
    /// <returns>The room.</returns>
    internal Memory<byte> GetMemory()
    {
        if (Length == _buffer.Length)
        {
            var larger = Allocate(_buffer.Length * 2);
            _buffer.CopyTo(larger, 0);
            CryptographicOperations.ZeroMemory(_buffer);
            _buffer = larger;
        }

        return _buffer.AsMemory(Length);
    }

    /// <summary>Counts bytes that were written to what <see cref="GetMemory"/> gave.</summary>
    /// <param name="count">How many.</param>
    internal void Advance(int count) => Length += count;

    /// <summary>Zeroes the bytes.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_buffer);

    private static byte[] Allocate(int capacity) => GC.AllocateArray<byte>(Math.Max(capacity, 16), pinned: true);
}
