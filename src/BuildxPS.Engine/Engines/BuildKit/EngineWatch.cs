using System.Diagnostics;
using BuildxPS.Engine.Diagnostics;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>
/// Waits for an engine that works on something long outside of a build: however long that takes, as long as the engine
/// still answers.
/// </summary>
internal sealed class EngineWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping;
    private readonly EngineErrorContext _context;
    private readonly EngineSilence _silence;
    private readonly Task<BuildxException> _lost;
    private long _heard = Stopwatch.GetTimestamp();

    public EngineWatch(EngineChannel channel, EngineErrorContext context, EngineSilence silence, CancellationToken cancellationToken)
    {
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _context = context;
        _silence = silence;
        _lost = WatchAsync(channel);
    }

    /// <summary>Waits for something that the engine sends.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="answer">The wait for it.</param>
    /// <returns>It.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineLost"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<T> WaitAsync<T>(Task<T> answer)
    {
        if (await Task.WhenAny(answer, _lost).ConfigureAwait(false) != answer)
        {
            throw await _lost.ConfigureAwait(false);
        }

        Volatile.Write(ref _heard, Stopwatch.GetTimestamp());
        return await answer.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await ((Task)_lost).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    /// <summary>Whether an engine answers a question that costs it nothing.</summary>
    /// <param name="channel">The engine.</param>
    /// <param name="limit">How long it has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it does.</returns>
    public static async Task<bool> AnswersAsync(EngineChannel channel, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var call = channel.Control.InfoAsync(new Protocol.InfoRequest(), new CallOptions(cancellationToken: cancellationToken));
        try
        {
            await call.ResponseAsync.WaitAsync(limit, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch (RpcException)
        {
            // To refuse is an answer too, and of a connection that broke the work's own call tells. An engine that was
            // told to stop takes no new connections, and finishes the builds that it has.
            return true;
        }
    }

    private async Task<BuildxException> WatchAsync(EngineChannel channel)
    {
        for (var missed = 0; missed < _silence.Misses;)
        {
            if (missed == 0)
            {
                var left = _silence.Quiet - Quiet;
                await Task.Delay(left > TimeSpan.Zero ? left : _silence.Quiet, _stopping.Token).ConfigureAwait(false);
            }

            missed = Quiet < _silence.Quiet || await AnswersAsync(channel, _silence.Answer, _stopping.Token).ConfigureAwait(false) ? 0 : missed + 1;
        }

        return new BuildxException(
            BuildxFailure.EngineLost,
            FormattableString.Invariant($"The engine at {_context.Endpoint} has stopped answering: nothing came from it for {Quiet.TotalSeconds:0} s."),
            "See whether the engine hangs and whether what forwards the connection to it still runs, then try again.")
        { IsTransient = true };
    }

    private TimeSpan Quiet => Stopwatch.GetElapsedTime(Volatile.Read(ref _heard));
}
