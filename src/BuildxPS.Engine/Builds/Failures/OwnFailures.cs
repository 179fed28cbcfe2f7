namespace BuildxPS.Engine.Builds.Failures;

/// <summary>
/// The first failure on this client's side of a build. An engine reports it back as its own, in other words and
/// without its cause, so it is remembered here.
/// </summary>
internal sealed class OwnFailures
{
    private const int MaxSuspects = 100;

    private readonly List<BuildxException> _suspects = [];
    private BuildxException? _first;
    private string? _rawName;

    /// <summary>The first failure; null if there was none.</summary>
    public BuildxException? First => Volatile.Read(ref _first);

    /// <summary>The first path sent whose name, or the target of whose link, is not UTF-8, which some engines refuse; null if there was none.</summary>
    public string? RawName => Volatile.Read(ref _rawName);

    /// <summary>Remembers a path that is not UTF-8.</summary>
    /// <param name="path">The path.</param>
    public void NoteRawName(string path) => Interlocked.CompareExchange(ref _rawName, path, null);

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

    /// <summary>Failures that the engine may have gone on without.</summary>
    public IReadOnlyList<BuildxException> Suspects
    {
        get
        {
            lock (_suspects)
            {
                return [.. _suspects];
            }
        }
    }

    /// <summary>Remembers a failure that the engine may go on without, like that of a cache.</summary>
    /// <param name="error">The failure.</param>
    public void Suspect(BuildxException error)
    {
        lock (_suspects)
        {
            if (_suspects.Count < MaxSuspects && !_suspects.Exists(s => s.Message == error.Message))
            {
                _suspects.Add(error);
            }
        }
    }

    /// <summary>Finds the failure that the engine repeats in its own error.</summary>
    /// <param name="error">The engine's error.</param>
    /// <returns>The failure; null if it is none of these.</returns>
    public BuildxException? FindBlamed(string error) => Suspects.FirstOrDefault(s => error.Contains(DisplayText.Line(s.Message), StringComparison.Ordinal));
}
