namespace BuildxPS.Engine.Builds.Failures;

/// <summary>
/// The first failure on this client's side of a build. An engine reports it back as its own, in other words and
/// without its cause, so it is remembered here.
/// </summary>
internal sealed class OwnFailures
{
    private const int MaxSuspects = 100;

    private readonly List<BuildxException> _suspects = [];
    private readonly List<BuildxException> _logins = [];
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

    /// <summary>Failures of caches that the engine may have gone on without.</summary>
    public IReadOnlyList<BuildxException> Suspects => All(_suspects);

    /// <summary>Remembers a failure of a cache, which the engine may go on without.</summary>
    /// <param name="error">The failure.</param>
    public void Suspect(BuildxException error) => Add(_suspects, error);

    /// <summary>Remembers a login or token that was not to be had, which the engine may go on without: a cache may be what it was for.</summary>
    /// <param name="error">The failure.</param>
    public void SuspectLogin(BuildxException error) => Add(_logins, error);

    /// <summary>Finds the failure that the engine repeats in its own error.</summary>
    /// <param name="error">The engine's error.</param>
    /// <returns>The failure; null if it is none of these.</returns>
    public BuildxException? FindBlamed(string error) => All(_suspects).Concat(All(_logins)).FirstOrDefault(s => error.Contains(DisplayText.Line(s.Message), StringComparison.Ordinal));

    private static void Add(List<BuildxException> list, BuildxException error)
    {
        lock (list)
        {
            if (list.Count < MaxSuspects && !list.Exists(s => s.Message == error.Message))
            {
                list.Add(error);
            }
        }
    }

    private static IReadOnlyList<BuildxException> All(List<BuildxException> list)
    {
        lock (list)
        {
            return [.. list];
        }
    }
}
