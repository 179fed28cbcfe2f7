using System.Text;

namespace BuildxPS.Engine.Progress;

/// <summary>
/// Joins the pieces of steps' output into lines, per step and stream, and keeps the last lines of each for the case
/// that it fails. What it keeps is bounded, whatever an engine sends.
/// </summary>
internal sealed class LogLines
{
    /// <summary>Lines that are kept of a step; as many as buildx shows of a failed one.</summary>
    public const int TailLength = 10;

    /// <summary>A longer line is cut into several.</summary>
    public const int MaxLineLength = 8192;

    private const int MaxVertices = 512;

    private readonly Dictionary<(string Digest, int Stream), PartialLine> _partials = [];
    private readonly Dictionary<string, Queue<LogLine>> _tails = new(StringComparer.Ordinal);

    /// <summary>Takes a piece.</summary>
    /// <param name="log">The piece.</param>
    /// <returns>The lines that it completed.</returns>
    public IReadOnlyList<LogLine> Add(VertexLog log)
    {
        var key = (log.VertexDigest, log.Stream);
        if (!_partials.TryGetValue(key, out var partial))
        {
            if (_partials.Count >= 2 * MaxVertices)
            {
                return [];
            }

            _partials[key] = partial = new PartialLine();
        }

        var lines = new List<LogLine>();
        partial.Append(log.Data.Span, log.Timestamp, (text, at) => lines.Add(new LogLine
        {
            VertexDigest = log.VertexDigest,
            Stream = log.Stream,
            Text = text,
            Timestamp = at,
        }));
        Keep(lines);
        return lines;
    }

    /// <summary>Ends the lines of a step that has no more to say.</summary>
    /// <param name="digest">The vertex's digest.</param>
    /// <returns>The lines that were still open.</returns>
    public IReadOnlyList<LogLine> Flush(string digest)
    {
        List<LogLine>? lines = null;
        for (var stream = 0; stream <= 2; stream++)
        {
            if (_partials.Remove((digest, stream), out var partial) && partial.End() is var (text, at))
            {
                lines ??= [];
                lines.Add(new LogLine { VertexDigest = digest, Stream = stream, Text = text, Timestamp = at });
            }
        }

        if (lines is null)
        {
            return [];
        }

        Keep(lines);
        return lines;
    }

    /// <summary>The last lines of a step, oldest first.</summary>
    /// <param name="digest">The vertex's digest.</param>
    /// <returns>At most <see cref="TailLength"/> lines.</returns>
    public IReadOnlyList<LogLine> Tail(string digest) => _tails.TryGetValue(digest, out var tail) ? [.. tail] : [];

    /// <summary>Drops what is kept of a step that ended well.</summary>
    /// <param name="digest">The vertex's digest.</param>
    public void Forget(string digest)
    {
        _tails.Remove(digest);
        for (var stream = 0; stream <= 2; stream++)
        {
            _partials.Remove((digest, stream));
        }
    }

    private void Keep(List<LogLine> lines)
    {
        foreach (var line in lines)
        {
            if (!_tails.TryGetValue(line.VertexDigest, out var tail))
            {
                if (_tails.Count >= MaxVertices)
                {
                    continue;
                }

                _tails[line.VertexDigest] = tail = new Queue<LogLine>();
            }

            if (tail.Count == TailLength)
            {
                tail.Dequeue();
            }

            tail.Enqueue(line);
        }
    }

    /// <summary>A line that has begun: its decoder keeps a character that is not whole yet.</summary>
    private sealed class PartialLine
    {
        private readonly Decoder _decoder = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetDecoder();
        private readonly StringBuilder _text = new();
        private DateTimeOffset _started;
        private bool _open;
        private bool _returned;

        public void Append(ReadOnlySpan<byte> data, DateTimeOffset timestamp, Action<string, DateTimeOffset> complete)
        {
            Span<char> chars = stackalloc char[1024];
            while (!data.IsEmpty)
            {
                _decoder.Convert(data, chars, flush: false, out var used, out var written, out _);
                data = data[used..];
                foreach (var c in chars[..written])
                {
                    Take(c, timestamp, complete);
                }
            }
        }

        public (string Text, DateTimeOffset Timestamp)? End()
        {
            Span<char> rest = stackalloc char[4];
            _decoder.Convert([], rest, flush: true, out _, out var written, out _);
            _text.Append(rest[..written]);
            return _text.Length == 0 ? null : (DisplayText.Clean(_text.ToString()), _started);
        }

        private void Take(char c, DateTimeOffset timestamp, Action<string, DateTimeOffset> complete)
        {
            if (!_open)
            {
                _open = true;
                _started = timestamp;
            }

            if (c == '\n')
            {
                Complete(complete);
                return;
            }

            if (c == '\r')
            {
                _returned = true;
                return;
            }

            if (_returned)
            {
                // As on a terminal: what follows a carriage return is written over what stood there.
                _text.Clear();
                _returned = false;
            }

            _text.Append(c);
            if (_text.Length >= MaxLineLength && !char.IsHighSurrogate(c))
            {
                Complete(complete);
            }
        }

        private void Complete(Action<string, DateTimeOffset> complete)
        {
            complete(DisplayText.Clean(_text.ToString()), _started);
            _text.Clear();
            _open = false;
            _returned = false;
        }
    }
}
