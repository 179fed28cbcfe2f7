using System.IO.Pipelines;
using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Archives;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Drivers;

/// <summary>
/// Passes an image archive on to a docker daemon while it comes, and holds nothing of it. The daemon sees the archive's
/// end, and so makes the image, only with <see cref="CommitAsync"/>. An image that it has is not sent again, only named.
/// </summary>
/// <param name="daemon">The daemon; it is disposed here.</param>
/// <param name="plan">What is loaded.</param>
/// <param name="report">Takes the step as events of the build.</param>
internal sealed class DockerLoadOutput(DockerDaemon daemon, LoadPlan plan, Func<BuildEvent, CancellationToken, ValueTask> report) : IFileOutput
{
    private const string SkippedName = "image is there already, not sent";
    private const string StepName = "importing to docker";
    private const string PartName = "sending archive";
    private const int MaxWaiting = 1 << 20;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    private readonly string _digest = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private ImageLoad? _load;
    private string? _existing;
    private Task<IReadOnlyList<BuiltImage>>? _splitting;
    private DateTimeOffset _started;
    private DateTimeOffset _reported;
    private long _sent;
    private volatile bool _isComplete;

    /// <summary>The images that an archive was taken apart into, once it is committed; empty where it was not.</summary>
    public IReadOnlyList<BuiltImage> Loaded { get; private set; } = [];

    /// <inheritdoc/>
    public async Task<bool> IsThereAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
    {
        // A classic store knows an image by its config.
        var key = plan.Store.TakesIndexes ? "containerimage.digest" : "containerimage.config.digest";
        if (_load is not null || plan.Split is not null || !plan.KnowsNames || !exporterResponse.TryGetValue(key, out var digest) || !Digests.IsValid(digest)
            || !await daemon.HasWholeImageAsync(digest, plan.Store.TakesIndexes, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        _existing = digest;
        _started = DateTimeOffset.UtcNow;
        await report(Vertex(null, null), cancellationToken).ConfigureAwait(false);
        await report(Progress(null), cancellationToken).ConfigureAwait(false);
        _isComplete = true;
        return true;
    }

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
        if (plan.Split is null)
        {
            return new Body(this);
        }

        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: MaxWaiting, resumeWriterThreshold: MaxWaiting / 2, useSynchronizationContext: false));
        _splitting = SplitAsync(pipe.Reader, plan.Split, cancellationToken);
        return new SplitBody(pipe.Writer, _splitting);
    }

    /// <inheritdoc/>
    public void Complete() => _isComplete = true;

    /// <inheritdoc/>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (!_isComplete)
        {
            throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"The engine reported success, but sent {(_load is null ? "nothing" : "not all")} of the image for the docker daemon at {daemon.Address}.",
                "Try again; if it stays, look at the engine's log. Nothing was loaded.");
        }

        if (_splitting is { } splitting)
        {
            Loaded = await TellAsync(() => splitting, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<string> UndoAsync() => Task.FromResult($"The image is loaded into the docker daemon at {daemon.Address} and stays there.");

    /// <inheritdoc/>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await report(Progress(DateTimeOffset.UtcNow), cancellationToken).ConfigureAwait(false);
        await TellAsync(async () =>
        {
            await (_load is null ? TagAsync(cancellationToken) : _load.CompleteAsync(cancellationToken)).ConfigureAwait(false);
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

    private async Task TagAsync(CancellationToken cancellationToken)
    {
        foreach (var name in plan.Names)
        {
            if (!await daemon.TryTagAsync(_existing!, name, cancellationToken).ConfigureAwait(false))
            {
                throw new BuildxException(
                    BuildxFailure.ImageLoadFailed,
                    $"The docker daemon at {daemon.Address} had the image {_existing}, which therefore was not sent, and has it no longer.",
                    "Build again: somebody removed the image meanwhile.")
                { IsTransient = true };
            }
        }
    }

    private async Task<IReadOnlyList<BuiltImage>> SplitAsync(
        PipeReader archive, Func<Platform, IReadOnlyList<Platform>, IReadOnlyList<ImageReference>> names, CancellationToken cancellationToken)
    {
        var body = new Body(this);
        await using (body.ConfigureAwait(false))
        {
            try
            {
                return await new ClassicArchive(body, names).CopyAsync(archive.AsStream(leaveOpen: true), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                await archive.CompleteAsync().ConfigureAwait(false);
            }
        }
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
        => new() { VertexDigest = _digest, Id = _existing is null ? PartName : SkippedName, Current = _sent, Started = _started, Completed = completed, Timestamp = DateTimeOffset.UtcNow };

    private sealed class Body(DockerLoadOutput output) : SequentialStream
    {
        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            => await output.SendAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes an archive that is taken apart on its way. What fails there is told by the next write, or when the output is prepared.</summary>
    private sealed class SplitBody(PipeWriter archive, Task splitting) : SequentialStream
    {
        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if ((await archive.WriteAsync(buffer, cancellationToken).ConfigureAwait(false)).IsCompleted)
            {
                // It failed, or has come to the archive's end, behind which there may be padding.
                await splitting.ConfigureAwait(false);
            }
        }

        public override async ValueTask DisposeAsync()
        {
            await archive.CompleteAsync().ConfigureAwait(false);
            await splitting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await base.DisposeAsync().ConfigureAwait(false);
        }
    }
}
