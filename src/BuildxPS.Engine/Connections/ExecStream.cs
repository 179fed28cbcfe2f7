using System.Buffers.Binary;
using System.Text;

namespace BuildxPS.Engine.Connections;

/// <summary>
/// The byte tunnel of a command that runs in a container without a terminal. What is written goes to the command as it
/// is; what comes back is cut into frames: standard output is the tunnel's data, standard error is kept for messages.
/// </summary>
/// <param name="inner">The upgraded connection, which this stream owns.</param>
/// <param name="failures">Puts the command's own words into a failure.</param>
internal sealed class ExecStream(Stream inner, ExecFailures failures) : WrappedStream(inner)
{
    private const int HeaderBytes = 8;
    private const int BufferBytes = 16 * 1024;
    private const int MaxRefusalBytes = 4096;

    private readonly TextTail _log = new();
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private long _left;
    private bool _isLog;
    private bool _hasData;

    /// <summary>The last that the command wrote to its standard error.</summary>
    public string Log => _log.ToString();

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_left == 0 && !await ReadHeaderAsync(cancellationToken).ConfigureAwait(false))
            {
                return End();
            }

            if (_isLog)
            {
                await ReadLogAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (!_hasData)
            {
                await CheckFirstDataAsync(cancellationToken).ConfigureAwait(false);
            }

            return buffer.IsEmpty ? 0 : await ReadDataAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
    }

    private ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Reads the next frame's header, and what comes behind it in the same read.</summary>
    private async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        while (_end - _start < HeaderBytes)
        {
            if (await FillAsync(cancellationToken).ConfigureAwait(false) == 0)
            {
                return _end == _start ? false : throw failures.Broken(Log);
            }
        }

        var header = Buffered[..HeaderBytes];
        if (header[0] > 3 || header[1] != 0 || header[2] != 0 || header[3] != 0)
        {
            throw new InvalidDataException("the container's output does not come in the daemon's frames");
        }

        // 3 is the daemon's own word about a stream that failed.
        _isLog = header[0] is 2 or 3;
        _left = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        _start += HeaderBytes;
        return _left > 0 || await ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<int> ReadDataAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_end == _start)
        {
            // A large frame's rest goes straight to the caller.
            var read = await Inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken).ConfigureAwait(false);
            _left -= read;
            return read > 0 ? read : throw failures.Broken(Log);
        }

        var count = (int)Math.Min(Math.Min(buffer.Length, _left), _end - _start);
        Buffered[..count].CopyTo(buffer.Span);
        _start += count;
        _left -= count;
        return count;
    }

    private async ValueTask ReadLogAsync(CancellationToken cancellationToken)
    {
        if (_end == _start && await FillAsync(cancellationToken).ConfigureAwait(false) == 0)
        {
            throw failures.Broken(Log);
        }

        var count = (int)Math.Min(_left, _end - _start);
        _log.Add(Buffered[..count]);
        _start += count;
        _left -= count;
    }

    private async ValueTask<int> FillAsync(CancellationToken cancellationToken)
    {
        var buffer = _buffer;
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            Buffered.CopyTo(buffer);
            _end -= _start;
            _start = 0;
        }

        var read = await Inner.ReadAsync(buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        _end += read;
        return read;
    }

    /// <summary>
    /// A command that could not be started says so on its standard output, where gRPC is expected. HTTP/2 begins with a
    /// frame's length, whose first byte is never a letter.
    /// </summary>
    private async ValueTask CheckFirstDataAsync(CancellationToken cancellationToken)
    {
        if (_end == _start && await FillAsync(cancellationToken).ConfigureAwait(false) == 0)
        {
            throw failures.Broken(Log);
        }

        _hasData = true;
        if (failures.ExpectsText || Buffered[0] is < (byte)' ' or > (byte)'~')
        {
            return;
        }

        var text = new TextTail();
        var limit = MaxRefusalBytes;
        do
        {
            var count = (int)Math.Min(_left, _end - _start);
            text.Add(Buffered[..count]);
            _start += count;
            _left -= count;
            limit -= count;
        }
        while (limit > 0 && _left > 0 && await FillAsync(cancellationToken).ConfigureAwait(false) > 0);

        throw failures.NotStarted(text.ToString());
    }

    // Whoever still waits for an answer then learns of the command and its last words, and not only that there is no more.
    private int End()
        => failures.ExpectsText ? 0 : throw (_hasData ? failures.Broken(Log) : failures.Ended(Log));
}

/// <summary>The last part of a text that arrives in pieces.</summary>
internal sealed class TextTail
{
    private const int MaxBytes = 4096;
    private readonly byte[] _bytes = new byte[MaxBytes];
    private int _count;

    /// <summary>Adds a piece, and forgets what is too old.</summary>
    /// <param name="piece">The bytes, UTF-8 as a rule.</param>
    public void Add(ReadOnlySpan<byte> piece)
    {
        piece = piece.Length > MaxBytes ? piece[^MaxBytes..] : piece;
        var kept = Math.Min(_count, MaxBytes - piece.Length);
        _bytes.AsSpan(_count - kept, kept).CopyTo(_bytes);
        piece.CopyTo(_bytes.AsSpan(kept));
        _count = kept + piece.Length;
    }

    /// <inheritdoc/>
    public override string ToString() => DisplayText.Lines(Encoding.UTF8.GetString(_bytes, 0, _count), MaxBytes).Trim();
}
