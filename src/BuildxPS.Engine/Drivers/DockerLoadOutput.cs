using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Drivers;

/// <summary>
/// Passes an image archive on to a docker daemon while it comes, and holds nothing of it. The daemon sees the archive's
/// end, and so makes the image, only with <see cref="CommitAsync"/>.
/// </summary>
/// <param name="daemon">The daemon; it is disposed here.</param>
/// <param name="report">Takes the step as events of the build.</param>
internal sealed class DockerLoadOutput(DockerDaemon daemon, Func<BuildEvent, CancellationToken, ValueTask> report) : IFileOutput
{
    private const string StepName = "importing to docker";
    private const string PartName = "sending archive";

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    private readonly string _digest = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private ImageLoad? _load;
    private DateTimeOffset _started;
    private DateTimeOffset _reported;
    private long _sent;
    private volatile bool _isComplete;

    /// <inheritdoc/>
    public async Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
    {
        if (_load is not null)
        {
            throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"The engine sends the image for the docker daemon at {daemon.Address} a second time.",
                "Report this to whoever runs the engine; nothing was loaded.");
        }

        _started = DateTimeOffset.UtcNow;
        await report(Vertex(null, null), cancellationToken).ConfigureAwait(false);
        _load = await TellAsync(() => daemon.OpenLoadAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        return new Body(this);
    }

    /// <inheritdoc/>
    public void Complete() => _isComplete = true;

    /// <inheritdoc/>
    public Task PrepareAsync(CancellationToken cancellationToken) => _isComplete
        ? Task.CompletedTask
        : throw new BuildxException(
            BuildxFailure.ProtocolViolation,
            $"The engine reported success, but sent {(_load is null ? "nothing" : "not all")} of the image for the docker daemon at {daemon.Address}.",
            "Try again; if it stays, look at the engine's log. Nothing was loaded.");

    /// <inheritdoc/>
    public Task<string> UndoAsync() => Task.FromResult($"The image is loaded into the docker daemon at {daemon.Address} and stays there.");

    /// <inheritdoc/>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        var load = _load!;
        var now = DateTimeOffset.UtcNow;
        await report(Progress(now), cancellationToken).ConfigureAwait(false);
        await TellAsync(async () =>
        {
            await load.CompleteAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);
        await report(Vertex(DateTimeOffset.UtcNow, null), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_load is not null)
        {
            await _load.DisposeAsync().ConfigureAwait(false);
        }

        daemon.Dispose();
    }

    private async Task<T> TellAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            await report(Vertex(DateTimeOffset.UtcNow, e.Message), cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private Task<bool> SendAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken) => TellAsync(async () =>
    {
        await _load!.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
        _sent += piece.Length;
        if (DateTimeOffset.UtcNow - _reported >= s_interval)
        {
            _reported = DateTimeOffset.UtcNow;
            await report(Progress(null), cancellationToken).ConfigureAwait(false);
        }

        return true;
    }, cancellationToken);

    private VertexChanged Vertex(DateTimeOffset? completed, string? error)
        => new() { Digest = _digest, Name = StepName, Started = _started, Completed = completed, Error = error is null ? null : DisplayText.Line(error) };

    private VertexProgress Progress(DateTimeOffset? completed)
        => new() { VertexDigest = _digest, Id = PartName, Current = _sent, Started = _started, Completed = completed, Timestamp = DateTimeOffset.UtcNow };

    private sealed class Body(DockerLoadOutput output) : SequentialStream
    {
        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            => await output.SendAsync(buffer, cancellationToken).ConfigureAwait(false);
    }
}
