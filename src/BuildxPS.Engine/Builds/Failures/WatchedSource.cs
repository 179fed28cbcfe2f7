using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>A file source whose failures are remembered.</summary>
internal sealed class WatchedSource(IFileSource inner, OwnFailures failures) : IFileSource, IDisposable
{
    /// <inheritdoc/>
    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
    {
        using var entries = Watch(() => inner.List(selection, cancellationToken).GetEnumerator());
        var next = entries.MoveNext;
        while (Watch(next))
        {
            var entry = entries.Current;
            if (NameBytes.IsRaw(entry.Path) || NameBytes.IsRaw(entry.LinkName))
            {
                failures.NoteRawName(entry.Path);
            }

            yield return entry;
        }
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path) => new WatchedStream(Watch(() => inner.OpenRead(path)), failures);

    /// <inheritdoc/>
    public void Dispose() => (inner as IDisposable)?.Dispose();

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
