namespace BuildxPS.Engine.Builds;

/// <summary>
/// The first failure on this client's side of a build. An engine reports it back as its own, in other words and
/// without its cause, so it is remembered here.
/// </summary>
internal sealed class OwnFailures
{
    private BuildxException? _first;

    /// <summary>The first failure; null if there was none.</summary>
    public BuildxException? First => Volatile.Read(ref _first);

    /// <summary>Remembers a failure.</summary>
    /// <param name="error">The failure; only ours count.</param>
    /// <returns>Always false, for use as an exception filter that catches nothing.</returns>
    public bool Note(Exception error)
    {
        if (error is BuildxException own)
        {
            Interlocked.CompareExchange(ref _first, own, null);
        }

        return false;
    }
}
