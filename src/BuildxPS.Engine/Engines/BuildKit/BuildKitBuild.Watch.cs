using System.Globalization;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

// Ends a build whose engine has stopped answering.
internal sealed partial class BuildKitBuild
{
    private volatile BuildFailedException? _lost;

    private async Task WatchAsync(EngineSilence silence)
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

                missed = _status.Silence < silence.Quiet || await AnswersAsync(silence.Answer).ConfigureAwait(false) ? 0 : missed + 1;
            }

            _lost = new BuildFailedException(
                BuildxFailure.EngineLost,
                string.Create(CultureInfo.InvariantCulture, $"The engine at {_context.Endpoint} has stopped answering: nothing came from it for {_status.Silence.TotalSeconds:0} s."),
                "See whether the engine hangs and whether what forwards the connection to it still runs, then build again: what was finished comes from the engine's cache.")
            { BuildRef = _context.BuildRef, IsTransient = true };
            await _lifetime.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The build has ended.
        }
    }

    private async Task<bool> AnswersAsync(TimeSpan limit)
    {
        using var call = _channel.Control.InfoAsync(new Protocol.InfoRequest(), new CallOptions(cancellationToken: _ended.Token));
        try
        {
            await call.ResponseAsync.WaitAsync(limit, _ended.Token).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch (RpcException)
        {
            // To refuse is an answer too, and of a connection that broke the build's own call tells.
            return true;
        }
    }
}
