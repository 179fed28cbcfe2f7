using System.Collections.Concurrent;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Whose turn it is to fetch a blob from a host, or to send it one. A blob holds its connection for as long as it travels:
/// were there more of them than connections, the rest would wait for one in the time that is meant for an answer. Connections
/// are shared in this process, and so are turns; small requests need none, and find a connection that no blob holds.
/// </summary>
internal static class BlobTurns
{
    /// <summary>Blobs at once, of each kind.</summary>
    public const int AtOnce = 6;

    private static readonly ConcurrentDictionary<string, SemaphoreSlim> s_hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Waits for a turn. Who sends a blob and fetches it elsewhere takes the turn to send first.</summary>
    /// <param name="host">The host.</param>
    /// <param name="isUpload">Whether the blob is sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The turn; disposing it lets the next one go.</returns>
    public static async Task<IDisposable> TakeAsync(RegistryHost host, bool isUpload, CancellationToken cancellationToken)
    {
        var turns = s_hosts.GetOrAdd($"{isUpload}|{host.Authority}", _ => new SemaphoreSlim(AtOnce, AtOnce));
        await turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(turns);
    }

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        private SemaphoreSlim? _turns = turns;

        public void Dispose() => Interlocked.Exchange(ref _turns, null)?.Release();
    }
}
