using System.Globalization;
using BuildxPS.Engine.Diagnostics;

namespace BuildxPS.Engine.Engines.BuildKit;

// Ends a build whose engine has stopped answering, or has lost what the build needs.
internal sealed partial class BuildKitBuild
{
    private BuildFailedException? _lost;

    private async Task WatchEngineAsync(EngineSilence silence)
    {
        try
        {
            for (var missed = 0; missed < silence.Misses;)
            {
                if (missed == 0)
                {
                    var left = silence.Quiet - _status.Silence;
                    await Task.Delay(left > TimeSpan.Zero ? left : silence.Quiet, _ended.Token).ConfigureAwait(false);
                }

                missed = _status.Silence < silence.Quiet || await EngineWatch.AnswersAsync(_channel, silence.Answer, _ended.Token).ConfigureAwait(false) ? 0 : missed + 1;
            }

            await LoseAsync(new BuildFailedException(
                BuildxFailure.EngineLost,
                string.Create(CultureInfo.InvariantCulture, $"The engine at {_context.Endpoint} has stopped answering: nothing came from it for {_status.Silence.TotalSeconds:0} s."),
                "See whether the engine hangs and whether what forwards the connection to it still runs, then build again: what was finished comes from the engine's cache.")
            { BuildRef = _context.BuildRef, IsTransient = true }).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The build has ended.
        }
    }

    /// <summary>
    /// A build goes on without its session as long as it needs nothing of it: a step that runs for an hour is not thrown
    /// away because the tunnel broke after its files were there. But engines may wait for ever for what never comes.
    /// </summary>
    private async Task WatchSessionAsync(EngineSilence silence)
    {
        try
        {
            var end = await _session.Completion.WaitAsync(_ended.Token).ConfigureAwait(false);
            await Task.Delay(silence.WithoutSession, _ended.Token).ConfigureAwait(false);
            while (!_needsSession() && (_journal.HasRunning || _status.Silence < silence.Quiet))
            {
                await Task.Delay(silence.WithoutSession, _ended.Token).ConfigureAwait(false);
            }

            await LoseAsync(SessionErrors.Lost(_context with { SessionEnd = end })).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The build has ended.
        }
    }

    private Task LoseAsync(BuildFailedException failure)
    {
        Interlocked.CompareExchange(ref _lost, failure, null);
        return _lifetime.CancelAsync();
    }
}
