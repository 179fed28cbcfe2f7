using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>A stream that takes bytes of a local file: derived classes say how they are written and what ends it.</summary>
internal abstract class WriteOnlyStream : SequentialStream
{
    /// <inheritdoc/>
    public abstract override void Write(ReadOnlySpan<byte> buffer);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A local file: a hop to another thread and back costs more than the write.
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }
}
