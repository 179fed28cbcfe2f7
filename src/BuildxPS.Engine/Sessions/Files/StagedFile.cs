namespace BuildxPS.Engine.Sessions.Files;

/// <summary>A file that is being received: failures name the file that the user knows, and what comes last is done when it is closed.</summary>
internal sealed class StagedFile : Stream
{
    private readonly FileStream _file;
    private readonly string _shownPath;
    private readonly Action? _closed;
    private bool _isDisposed;

    /// <summary>Wraps a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="shownPath">What the user knows it as.</param>
    /// <param name="closed">Done once it is closed.</param>
    public StagedFile(FileStream file, string shownPath, Action? closed = null)
    {
        _file = file;
        _shownPath = shownPath;
        _closed = closed;
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => !_isDisposed;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _file.Write(buffer);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _shownPath);
        }
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A local file: a hop to another thread and back costs more than the write.
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        try
        {
            if (disposing && !_isDisposed)
            {
                _isDisposed = true;
                _file.Dispose();
                _closed?.Invoke();
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _shownPath);
        }
        finally
        {
            base.Dispose(disposing);
        }
    }
}
