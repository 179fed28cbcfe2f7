using System.Text;
using BuildxPS.Engine.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>Makes events of an engine's status messages. What is too long is cut, what makes no sense is left out.</summary>
internal sealed class StatusTranslation
{
    private const int MaxDigest = 256;
    private const int MaxName = 4 * 1024;
    private const int MaxError = 64 * 1024;
    private const int MaxInputs = 10_000;
    private const int MaxDetailLines = 200;
    private const int MaxSource = 512 * 1024;
    private const int MaxRuns = 100_000;

    // Runs whose end was told: an engine says a step's state again and again, and a run does not begin anew by that.
    private readonly HashSet<(string Digest, DateTimeOffset? Started)> _ended = [];

    /// <summary>Translates one message.</summary>
    /// <param name="status">The message.</param>
    /// <returns>Its events, in order: what a step did and said comes before its end, which the message has first.</returns>
    public List<BuildEvent> Translate(Protocol.StatusResponse status)
    {
        var events = new List<BuildEvent>(status.Vertexes.Count + status.Statuses.Count + status.Logs.Count + status.Warnings.Count);
        List<VertexChanged> vertexes = [.. status.Vertexes.Where(v => IsDigest(v.Digest)).Select(Translate)];
        var ends = FindEnds(status, vertexes);
        events.AddRange(vertexes.Select(v => ends.Contains(v) ? v with { Completed = null, Error = null } : v));
        foreach (var progress in status.Statuses)
        {
            if (IsDigest(progress.Vertex))
            {
                events.Add(Translate(progress));
            }
        }

        foreach (var log in status.Logs)
        {
            if (IsDigest(log.Vertex) && !log.Msg.IsEmpty)
            {
                events.Add(new VertexLog
                {
                    VertexDigest = log.Vertex,
                    Stream = log.Stream == 2 ? 2 : 1,
                    Data = log.Msg.Memory,
                    Timestamp = Time(log.Timestamp) ?? DateTimeOffset.UtcNow,
                });
            }
        }

        events.AddRange(vertexes.Where(ends.Contains));
        foreach (var warning in status.Warnings)
        {
            events.Add(new VertexWarning { Warning = Translate(warning) });
        }

        return events;
    }

    /// <summary>The entries that tell of an end, where the message has something else of a step that ends.</summary>
    private HashSet<VertexChanged> FindEnds(Protocol.StatusResponse status, List<VertexChanged> vertexes)
    {
        var ends = new HashSet<VertexChanged>(ReferenceEqualityComparer.Instance);
        var last = vertexes.GroupBy(v => v.Digest, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Started, StringComparer.Ordinal);
        foreach (var vertex in vertexes)
        {
            // The end of a run that another one follows must come before that one begins.
            if (vertex.Completed is not null && last[vertex.Digest] == vertex.Started && !_ended.Contains((vertex.Digest, vertex.Started)))
            {
                ends.Add(vertex);
            }
        }

        if (_ended.Count < MaxRuns)
        {
            _ended.UnionWith(vertexes.Where(v => v.Completed is not null).Select(v => (v.Digest, v.Started)));
        }

        var ending = ends.Select(v => v.Digest).ToHashSet(StringComparer.Ordinal);
        return status.Logs.Any(l => ending.Contains(l.Vertex)) || status.Statuses.Any(p => ending.Contains(p.Vertex)) ? ends : [];
    }

    /// <summary>Reads where in a file something is.</summary>
    /// <param name="info">The file.</param>
    /// <param name="ranges">Places in it, lines from 1.</param>
    /// <returns>The first place; null if there is none that makes sense.</returns>
    public static SourceExcerpt? Source(Protocol.Solver.SourceInfo? info, IEnumerable<Protocol.Solver.Range> ranges)
    {
        if (info is null)
        {
            return null;
        }

        var text = info.Data.Length is > 0 and <= MaxSource ? DisplayText.Lines(Encoding.UTF8.GetString(info.Data.Span), MaxSource) : "";
        return SourceExcerpts.Create(info.Filename, text, ranges.Select(r => (r.Start?.Line ?? 0, r.End?.Line ?? 0)));
    }

    private static VertexChanged Translate(Protocol.Vertex vertex) => new()
    {
        Digest = vertex.Digest,
        Name = DisplayText.Line(vertex.Name, MaxName),
        Inputs = [.. vertex.Inputs.Where(IsDigest).Take(MaxInputs)],
        Started = Time(vertex.Started),
        Completed = Time(vertex.Completed),
        Cached = vertex.Cached,
        Error = vertex.Error.Length == 0 ? null : DisplayText.Lines(vertex.Error, MaxError),
        Group = vertex.ProgressGroup is { Id.Length: > 0 and <= MaxDigest } group
            ? new VertexGroup { Id = group.Id, Name = DisplayText.Line(group.Name, MaxName), Weak = group.Weak }
            : null,
    };

    private static VertexProgress Translate(Protocol.VertexStatus progress) => new()
    {
        VertexDigest = progress.Vertex,
        Id = DisplayText.Line(progress.Id, MaxName),
        Current = Math.Max(0, progress.Current),
        Total = Math.Max(0, progress.Total),
        Timestamp = Time(progress.Timestamp) ?? DateTimeOffset.UtcNow,
        Started = Time(progress.Started),
        Completed = Time(progress.Completed),
    };

    private static BuildWarning Translate(Protocol.VertexNotice warning) => new()
    {
        Message = DisplayText.Line(Text(warning.Short), MaxName),
        Level = (int)Math.Clamp(warning.Level, 0, 100),
        Detail = string.Join('\n', warning.Detail.Take(MaxDetailLines).Select(d => DisplayText.Lines(Text(d), MaxName))),
        Url = warning.Url.Length <= MaxName && Uri.TryCreate(warning.Url, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) ? url : null,
        Source = Source(warning.Info, warning.Ranges),
        VertexDigest = IsDigest(warning.Vertex) ? warning.Vertex : null,
    };

    private static bool IsDigest(string text)
        => text.Length is > 0 and <= MaxDigest && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static string Text(ByteString bytes) => Encoding.UTF8.GetString(bytes.Span[..Math.Min(bytes.Length, MaxError)]);

    /// <summary>A time that is out of range is no time: the conversion of the library would throw.</summary>
    /// <param name="time">What the engine sent.</param>
    /// <returns>Null where it is none.</returns>
    public static DateTimeOffset? Time(Timestamp? time)
        => time is { Seconds: >= -62135596800 and <= 253402300799, Nanos: >= 0 and < 1_000_000_000 }
            ? DateTimeOffset.FromUnixTimeSeconds(time.Seconds).AddTicks(time.Nanos / 100)
            : null;
}
