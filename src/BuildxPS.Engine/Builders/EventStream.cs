using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace BuildxPS.Engine.Builders;

/// <summary>Makes a stream of events out of work that reports them.</summary>
internal static class EventStream
{
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromMilliseconds(150);

    /// <summary>Does the work while its events are read.</summary>
    /// <param name="work">The work; it is given where to report to.</param>
    /// <param name="cancellationToken">Stops the work, as leaving the stream early does; what the work then clears away is waited for a moment.</param>
    /// <returns>The events; after the last one, whatever the work threw.</returns>
    public static IAsyncEnumerable<BuildEvent> RunAsync(
        Func<Func<BuildEvent, CancellationToken, ValueTask>, CancellationToken, Task> work, CancellationToken cancellationToken)
        => RunAsync<BuildEvent>(work, cancellationToken);

    /// <summary>The same for work that reports more than events.</summary>
    /// <typeparam name="T">What it reports.</typeparam>
    /// <param name="work">The work; it is given where to report to.</param>
    /// <param name="cancellationToken">Stops the work, as leaving the stream early does.</param>
    /// <returns>What was reported; after the last one, whatever the work threw.</returns>
    public static IAsyncEnumerable<T> RunAsync<T>(
        Func<Func<T, CancellationToken, ValueTask>, CancellationToken, Task> work, CancellationToken cancellationToken)
        => RunAsync(work, s_cleanUp, cancellationToken);

    /// <summary>The same for work that must not be left to itself while it clears away, as a process that ends does.</summary>
    /// <typeparam name="T">What it reports.</typeparam>
    /// <param name="work">The work; it is given where to report to.</param>
    /// <param name="cleanUp">How long it is waited for at most, once it is stopped.</param>
    /// <param name="cancellationToken">Stops the work, as leaving the stream early does.</param>
    /// <returns>What was reported; after the last one, whatever the work threw.</returns>
    public static async IAsyncEnumerable<T> RunAsync<T>(
        Func<Func<T, CancellationToken, ValueTask>, CancellationToken, Task> work, TimeSpan cleanUp, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true });
        var working = Task.Run(() => WorkAsync(work, events.Writer, stopping.Token), CancellationToken.None);
        try
        {
            await foreach (var e in events.Reader.ReadAllAsync(stopping.Token).ConfigureAwait(false))
            {
                yield return e;
            }

            await working.WaitAsync(stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)working.WaitAsync(cleanUp, CancellationToken.None)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task WorkAsync<T>(
        Func<Func<T, CancellationToken, ValueTask>, CancellationToken, Task> work, ChannelWriter<T> events, CancellationToken cancellationToken)
    {
        try
        {
            await work(events.WriteAsync, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            events.TryComplete();
        }
    }
}
