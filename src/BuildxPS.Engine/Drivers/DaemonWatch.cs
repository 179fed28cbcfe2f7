namespace BuildxPS.Engine.Drivers;

/// <summary>
/// Waits for a docker daemon that may take long. One that says nothing is asked now and then, on another connection,
/// whether it is there: a dead one behind a forwarded connection is found by nothing else.
/// </summary>
/// <param name="quiet">After this long it is asked.</param>
/// <param name="isThere">Asks; ends in a bounded time.</param>
internal sealed class DaemonWatch(TimeSpan quiet, Func<CancellationToken, Task<bool>> isThere)
{
    private const int Misses = 2;

    /// <summary>Waits until a step of the daemon's work has ended, well or badly.</summary>
    /// <param name="step">The step; what it throws is not thrown here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the daemon is gone.</returns>
    public async Task<bool> WaitAsync(Task step, CancellationToken cancellationToken)
    {
        for (var missed = 0; missed < Misses;)
        {
            // A step that has ended is no reason to set a clock, and most have.
            if (step.IsCompleted || (missed == 0 && await EndsAsync(step, cancellationToken).ConfigureAwait(false)))
            {
                return true;
            }

            missed = await isThere(cancellationToken).ConfigureAwait(false) ? 0 : missed + 1;
        }

        return step.IsCompleted;
    }

    private async Task<bool> EndsAsync(Task step, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(step, Task.Delay(quiet, waiting.Token)).ConfigureAwait(false);
        await waiting.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return step.IsCompleted;
    }
}
