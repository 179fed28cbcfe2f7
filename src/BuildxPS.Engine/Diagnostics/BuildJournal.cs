using System.Text;

namespace BuildxPS.Engine.Diagnostics;

/// <summary>What is remembered of a build's events to explain its failure: names, errors, and last lines of output.</summary>
internal sealed class BuildJournal
{
    private const int MaxVertices = 20_000;
    private const int MaxTails = 64;
    private const int TailLength = 16 * 1024;
    private const int TailLines = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, VertexChanged> _failed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tail> _tails = new(StringComparer.Ordinal);
    private readonly Queue<string> _tailOrder = new();

    /// <summary>Whether a step is running, as far as the events tell.</summary>
    public bool HasRunning
    {
        get
        {
            lock (_lock)
            {
                return _running.Count > 0;
            }
        }
    }

    /// <summary>Takes note of an event.</summary>
    /// <param name="buildEvent">The event.</param>
    public void Add(BuildEvent buildEvent)
    {
        lock (_lock)
        {
            if (buildEvent is VertexChanged vertex)
            {
                Add(vertex);
            }
            else if (buildEvent is VertexLog log)
            {
                Add(log);
            }
        }
    }

    /// <summary>A vertex's name; null if the engine did not announce it.</summary>
    /// <param name="digest">Its digest.</param>
    /// <returns>The name.</returns>
    public string? Name(string digest)
    {
        lock (_lock)
        {
            return _names.GetValueOrDefault(digest);
        }
    }

    /// <summary>Finds the vertex that failed, for engines that do not name it in the error.</summary>
    /// <param name="message">The build's error, which holds the vertex's.</param>
    /// <returns>Its digest; null if none fits.</returns>
    public string? FindFailed(string message)
    {
        lock (_lock)
        {
            return _failed.Values.FirstOrDefault(v => message.Contains(v.Error!, StringComparison.Ordinal))?.Digest
                ?? (_failed.Count == 1 ? _failed.Values.First().Digest : null);
        }
    }

    /// <summary>The last lines that a vertex printed.</summary>
    /// <param name="digest">Its digest.</param>
    /// <returns>At most ten lines, clean.</returns>
    public IReadOnlyList<string> LogTail(string digest)
    {
        lock (_lock)
        {
            if (!_tails.TryGetValue(digest, out var tail))
            {
                return [];
            }

            var lines = Encoding.UTF8.GetString(tail.Bytes).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
            return [.. lines.TakeLast(TailLines).Select(l => DisplayText.Line(l, 4096))];
        }
    }

    private void Add(VertexChanged vertex)
    {
        if (_names.Count < MaxVertices || _names.ContainsKey(vertex.Digest))
        {
            _names[vertex.Digest] = vertex.Name;
        }

        if (vertex is { Started: not null, Completed: null } && _running.Count < MaxVertices)
        {
            _running.Add(vertex.Digest);
        }
        else
        {
            _running.Remove(vertex.Digest);
        }

        // Steps that were cancelled because another one failed are not what went wrong.
        if (vertex.Error is { } error && !error.EndsWith("context canceled", StringComparison.Ordinal) && _failed.Count < MaxTails)
        {
            _failed[vertex.Digest] = vertex;
        }
    }

    private void Add(VertexLog log)
    {
        if (!_tails.TryGetValue(log.VertexDigest, out var tail))
        {
            if (_tailOrder.Count == MaxTails)
            {
                _tails.Remove(_tailOrder.Dequeue());
            }

            _tailOrder.Enqueue(log.VertexDigest);
            tail = _tails[log.VertexDigest] = new Tail();
        }

        tail.Add(log.Data.Span);
    }

    /// <summary>The end of a stream of bytes. Bytes are moved only when twice what is kept has come.</summary>
    private sealed class Tail
    {
        private readonly byte[] _buffer = new byte[2 * TailLength];
        private int _length;

        public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

        public void Add(ReadOnlySpan<byte> data)
        {
            data = data[Math.Max(0, data.Length - TailLength)..];
            if (_length + data.Length > _buffer.Length)
            {
                var kept = TailLength - data.Length;
                _buffer.AsSpan(_length - kept, kept).CopyTo(_buffer);
                _length = kept;
            }

            data.CopyTo(_buffer.AsSpan(_length));
            _length += data.Length;
        }
    }
}
