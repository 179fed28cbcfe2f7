namespace BuildxPS.Engine.Images.Registries;

/// <summary>A blob that is read once, and again from where a registry lost it.</summary>
/// <param name="blob">The blob.</param>
/// <param name="source">Where it can be had.</param>
internal sealed class UploadSource(Descriptor blob, BlobSource source) : IAsyncDisposable
{
    private Stream? _stream;
    private long _position;

    /// <summary>Bytes of the blob.</summary>
    public long Length => blob.Size;

    /// <summary>Reads some bytes; never none.</summary>
    /// <param name="offset">Where in the blob.</param>
    /// <param name="buffer">Takes them; it lies within the blob.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many.</returns>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_stream is null || _position != offset)
        {
            await CloseAsync().ConfigureAwait(false);
            _stream = await source.OpenAsync(offset, cancellationToken).ConfigureAwait(false);
            _position = offset;
        }

        var count = await _stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _position += count;
        return count > 0 ? count : throw Mismatch($"it ends after {_position} of {blob.Size} bytes");
    }

    /// <summary>Waits for the end of the blob, which confirms its digest.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async ValueTask ReadEndAsync(CancellationToken cancellationToken)
    {
        if (await _stream!.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) > 0)
        {
            throw Mismatch($"it has more than {blob.Size} bytes");
        }
    }

    /// <summary>Says how far it is.</summary>
    /// <param name="position">Bytes that went.</param>
    public void Report(long position) => source.Sent?.Invoke(position);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync();

    /// <summary>Lets its source go, and with it the connection that it may hold; the next read opens it again.</summary>
    /// <returns>A task.</returns>
    public async ValueTask CloseAsync()
    {
        if (_stream is { } stream)
        {
            _stream = null;
            await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private BuildxException Mismatch(string problem) => new(
        BuildxFailure.DigestMismatch,
        $"The blob {blob.Digest} is not what its manifest promises: {problem}.",
        "Try again. If it stays, its source gives out damaged content: do not use it.");
}
