using System.Runtime.InteropServices;
using BuildxPS.Engine.Streams;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>A regular file, read in order. A FileStream would ask the system four more things a file.</summary>
internal sealed unsafe class LinuxFileStream(SafeFileHandle file, long size) : SequentialStream
{
    private long _position;
    private bool _ended;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_ended || buffer.IsEmpty)
        {
            return 0;
        }

        nint count;
        fixed (byte* pointer = buffer)
        {
            do
            {
                count = LinuxNative.Read(file, pointer, (nuint)buffer.Length);
            }
            while (count < 0 && Marshal.GetLastPInvokeError() == LinuxNative.Interrupted);
        }

        if (count < 0)
        {
            throw LinuxFileSystem.Failure(Marshal.GetLastPInvokeError());
        }

        // Where less came than was asked for, and all that the file had when it was opened, there is nothing to ask again for.
        _position += count;
        _ended = count == 0 || (count < buffer.Length && _position >= size);
        return (int)count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A local file: a hop to another thread and back costs more than the read.
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Read(buffer.Span));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
