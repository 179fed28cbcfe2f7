using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>A file source whose failures are remembered.</summary>
internal sealed class WatchedSource(IFileSource inner, OwnFailures failures) : IFileSource
{
    /// <inheritdoc/>
    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
    {
        using var entries = Watch(() => inner.List(selection, cancellationToken).GetEnumerator());
        while (Watch(entries.MoveNext))
        {
            yield return entries.Current;
        }
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path) => new WatchedStream(Watch(() => inner.OpenRead(path)), failures);

    private T Watch<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (failures.Note(e))
        {
            throw;
        }
    }
}
