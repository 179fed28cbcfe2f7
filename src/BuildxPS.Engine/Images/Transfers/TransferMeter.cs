using System.Diagnostics;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>Says how far one blob is, no more often than displays need it.</summary>
/// <param name="vertex">The copy that it belongs to.</param>
/// <param name="blob">The blob.</param>
/// <param name="report">Takes what happens.</param>
internal sealed class TransferMeter(string vertex, Descriptor blob, Action<BuildEvent> report)
{
    private const int ShownDigits = 12;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);

    private readonly DateTimeOffset _started = DateTimeOffset.UtcNow;
    private long _last;

    /// <summary>It begins.</summary>
    public void Begin() => Send(0, null);

    /// <summary>It moved on.</summary>
    /// <param name="position">Bytes that went.</param>
    public void Move(long position)
    {
        if (Stopwatch.GetElapsedTime(_last) >= s_pace)
        {
            _last = Stopwatch.GetTimestamp();
            Send(position, null);
        }
    }

    /// <summary>It is there.</summary>
    public void End() => Send(blob.Size, DateTimeOffset.UtcNow);

    private void Send(long position, DateTimeOffset? completed) => report(new VertexProgress
    {
        VertexDigest = vertex,
        Id = "copying " + blob.Digest[..(blob.Digest.IndexOf(':', StringComparison.Ordinal) + 1 + ShownDigits)],
        Current = position,
        Total = blob.Size,
        Timestamp = DateTimeOffset.UtcNow,
        Started = _started,
        Completed = completed,
    });
}
