namespace BuildxPS.Engine.Connections;

/// <summary>What is left of a connection after an HTTP upgrade: first the bytes that came with the answer, then the rest.</summary>
internal sealed class UpgradedStream(Stream inner, ReadOnlyMemory<byte> first) : WrappedStream(inner)
{
    private ReadOnlyMemory<byte> _first = first;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => _first.IsEmpty ? Inner.ReadAsync(buffer, cancellationToken) : ValueTask.FromResult(TakeFirst(buffer.Span));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => _first.IsEmpty ? Inner.Read(buffer) : TakeFirst(buffer);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    private int TakeFirst(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _first.Length);
        _first.Span[..count].CopyTo(buffer);
        _first = _first[count..];
        return count;
    }
}
