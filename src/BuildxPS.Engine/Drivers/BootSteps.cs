using System.Security.Cryptography;

namespace BuildxPS.Engine.Drivers;

/// <summary>Reports the start of an engine as one vertex of a build, with its parts as progress.</summary>
internal sealed class BootSteps(Func<BuildEvent, CancellationToken, ValueTask> report, string name = "[internal] booting buildkit")
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    private readonly string _digest = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private readonly DateTimeOffset _started = DateTimeOffset.UtcNow;
    private long _lastCount;

    /// <summary>Runs the whole start.</summary>
    /// <param name="boot">The start.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task RunAsync(Func<Task> boot, CancellationToken cancellationToken)
    {
        var vertex = new VertexChanged { Digest = _digest, Name = name, Started = _started };
        await report(vertex, cancellationToken).ConfigureAwait(false);
        try
        {
            await boot().ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            await report(vertex with { Completed = DateTimeOffset.UtcNow, Error = e.Message }, cancellationToken).ConfigureAwait(false);
            throw;
        }

        await report(vertex with { Completed = DateTimeOffset.UtcNow }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs one part.</summary>
    /// <param name="name">What is done, for example <c>creating container x</c>.</param>
    /// <param name="part">The part.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task PartAsync(string name, Func<Task> part, CancellationToken cancellationToken)
    {
        var progress = Progress(name) with { Started = DateTimeOffset.UtcNow };
        await report(progress, cancellationToken).ConfigureAwait(false);
        await part().ConfigureAwait(false);
        var now = DateTimeOffset.UtcNow;
        await report(progress with { Timestamp = now, Completed = now }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says how far a part is, not more often than anybody can read.</summary>
    /// <param name="name">The part.</param>
    /// <param name="started">When it started.</param>
    /// <param name="current">Bytes that are there.</param>
    /// <param name="total">All bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async ValueTask CountAsync(string name, DateTimeOffset started, long current, long total, CancellationToken cancellationToken)
    {
        if (_lastCount != 0 && System.Diagnostics.Stopwatch.GetElapsedTime(_lastCount) < s_interval)
        {
            return;
        }

        _lastCount = System.Diagnostics.Stopwatch.GetTimestamp();
        await report(Progress(name) with { Started = started, Current = current, Total = total }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says what the engine's surroundings say meanwhile, as a line of the vertex's log.</summary>
    /// <param name="line">The line.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask LogAsync(string line, CancellationToken cancellationToken)
        => report(new VertexLog { VertexDigest = _digest, Stream = 2, Data = System.Text.Encoding.UTF8.GetBytes(line + "\n"), Timestamp = DateTimeOffset.UtcNow }, cancellationToken);

    /// <summary>Says something that the user should know of the builder.</summary>
    /// <param name="message">One line.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WarnAsync(string message, CancellationToken cancellationToken)
        => report(new VertexWarning { Warning = new BuildWarning { Message = message, VertexDigest = _digest } }, cancellationToken);

    private VertexProgress Progress(string name) => new() { VertexDigest = _digest, Id = name, Timestamp = DateTimeOffset.UtcNow };
}
