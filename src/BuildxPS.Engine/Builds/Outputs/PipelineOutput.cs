using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>
/// Passes an archive on as events of the build while it comes. Its end is held back until the build has succeeded, so that
/// what a failed build leaves is never whole.
/// </summary>
/// <param name="output">The output.</param>
/// <param name="report">Takes the pieces.</param>
/// <param name="room">How many pieces may wait to be taken; whoever takes one gives its room back.</param>
internal sealed class PipelineOutput(PlannedOutput output, Func<BuildEvent, CancellationToken, ValueTask> report, SemaphoreSlim room) : IFileOutput
{
    /// <summary>Bytes of a piece. Smaller than what the runtime keeps apart as large.</summary>
    public const int PieceLength = 64 * 1024;

    /// <summary>Pieces that may wait for a slow reader; beyond, the engine waits.</summary>
    public const int MaxPieces = 8;

    private byte[] _filling = new byte[PieceLength];
    private int _filled;
    private byte[]? _held;
    private bool _isOpened;
    private volatile bool _isComplete;

    /// <inheritdoc/>
    public Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
    {
        if (_isOpened)
        {
            throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"The engine sends the output '{output.Spec}' a second time.",
                "Report this to whoever runs the engine.");
        }

        _isOpened = true;
        return Task.FromResult<Stream>(new Body(this));
    }

    /// <inheritdoc/>
    public void Complete() => _isComplete = true;

    /// <inheritdoc/>
    public Task PrepareAsync(CancellationToken cancellationToken) => _isComplete
        ? Task.CompletedTask
        : throw new BuildxException(
            BuildxFailure.ProtocolViolation,
            $"The engine reported success, but sent {(_isOpened ? "not all" : "nothing")} of the output '{output.Spec}'.",
            "Try again; if it stays, look at the engine's log.");

    /// <inheritdoc/>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (_held is not null)
        {
            await SendAsync(_held, cancellationToken).ConfigureAwait(false);
        }

        if (_filled > 0)
        {
            await SendAsync(_filling.AsMemory(0, _filled), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<string> UndoAsync() => Task.FromResult($"The bytes of '{output.Spec}' are on the pipeline already.");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            if (_filled == PieceLength)
            {
                if (_held is { } before)
                {
                    await SendAsync(before, cancellationToken).ConfigureAwait(false);
                }

                // Each piece has bytes of its own: readers keep them as long as they like.
                (_held, _filling, _filled) = (_filling, new byte[PieceLength], 0);
            }

            var length = Math.Min(bytes.Length, PieceLength - _filled);
            bytes[..length].CopyTo(_filling.AsMemory(_filled));
            _filled += length;
            bytes = bytes[length..];
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        await report(new OutputBytes { Data = piece }, cancellationToken).ConfigureAwait(false);
    }

    private sealed class Body(PipelineOutput target) : SequentialStream
    {
        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => target.WriteAsync(buffer, cancellationToken);
    }
}
