using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace BuildxPS.Engine.Sessions;

/// <summary>
/// Buffers for what a session sends and receives, secrets among it: they are zeroed when they are given back, and the
/// garbage collector does not move them, so that it leaves no copies.
/// </summary>
internal sealed class WipedMemoryPool : MemoryPool<byte>
{
    // What the HTTP/2 server asks for, what the tunnel does, and a block of a file's packets.
    private static readonly int[] s_sizes = [4 * 1024, 64 * 1024, 256 * 1024];

    private readonly ConcurrentBag<byte[]>[] _free = [.. s_sizes.Select(_ => new ConcurrentBag<byte[]>())];

    /// <inheritdoc/>
    public override int MaxBufferSize => Array.MaxLength;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        for (var i = 0; i < s_sizes.Length; i++)
        {
            if (minBufferSize <= s_sizes[i])
            {
                return new Block(_free[i].TryTake(out var bytes) ? bytes : Allocate(s_sizes[i]), _free[i]);
            }
        }

        return new Block(Allocate(minBufferSize), null);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }

    private static byte[] Allocate(int size) => GC.AllocateArray<byte>(size, pinned: true);

    private sealed class Block(byte[] bytes, ConcurrentBag<byte[]>? free) : IMemoryOwner<byte>
    {
        private byte[]? _bytes = bytes;

        public Memory<byte> Memory => _bytes ?? throw new ObjectDisposedException(nameof(Block));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, null) is { } given)
            {
                CryptographicOperations.ZeroMemory(given);
                free?.Add(given);
            }
        }
    }
}
