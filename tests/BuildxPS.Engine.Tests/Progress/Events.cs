using System.Text;

namespace BuildxPS.Engine.Tests.Progress;

/// <summary>Short ways to write events; times are seconds since <see cref="FakeClock.Start"/>.</summary>
internal static class Events
{
    public static DateTimeOffset At(double seconds) => FakeClock.Start + TimeSpan.FromSeconds(seconds);

    public static VertexChanged Vertex(string digest, string name, double? started = null, double? completed = null, bool cached = false, string? error = null, VertexGroup? group = null)
        => new()
        {
            Digest = digest,
            Name = name,
            Started = started is { } s ? At(s) : null,
            Completed = completed is { } c ? At(c) : null,
            Cached = cached,
            Error = error,
            Group = group,
        };

    public static VertexLog Log(string digest, string text, double at = 0, int stream = 1)
        => Log(digest, Encoding.UTF8.GetBytes(text), at, stream);

    public static VertexLog Log(string digest, byte[] data, double at = 0, int stream = 1)
        => new() { VertexDigest = digest, Data = data, Timestamp = At(at), Stream = stream };

    public static VertexProgress Moved(string digest, string id, long current, long total = 0, double at = 0, double? started = 0, double? completed = null)
        => new()
        {
            VertexDigest = digest,
            Id = id,
            Current = current,
            Total = total,
            Timestamp = At(at),
            Started = started is { } s ? At(s) : null,
            Completed = completed is { } c ? At(c) : null,
        };

    public static BuildStarted Started() => new()
    {
        BuildRef = "default/default/abc",
        Plan = new BuildPlan { Builder = "default", Driver = "docker", Nodes = [new NodePlan { Node = "default", Reason = "the only node" }] },
    };
}
