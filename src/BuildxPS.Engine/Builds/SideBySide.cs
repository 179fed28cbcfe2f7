using System.Runtime.ExceptionServices;

namespace BuildxPS.Engine.Builds;

/// <summary>Runs parts of one work at the same time; the first that fails stops the others.</summary>
internal static class SideBySide
{
    /// <summary>Runs the parts.</summary>
    /// <param name="parts">The parts; the token is cancelled when one of them has failed.</param>
    /// <param name="cancellationToken">Stops all.</param>
    /// <returns>A task that ends when all parts have ended.</returns>
    /// <exception cref="Exception">The first failure.</exception>
    public static async Task RunAsync(IEnumerable<Func<CancellationToken, Task>> parts, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ExceptionDispatchInfo? first = null;
        await Task.WhenAll(parts.Select(part => Task.Run(
            async () =>
            {
                try
                {
                    await part(stopping.Token).ConfigureAwait(false);
                }
                catch (Exception e)
                {
                    // What the others say while they are being stopped follows from this one.
                    _ = Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(e), null);
                    await stopping.CancelAsync().ConfigureAwait(false);
                }
            },
            CancellationToken.None))).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        first?.Throw();
    }
}
