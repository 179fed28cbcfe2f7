using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Outputs whose failures are remembered.</summary>
internal static class WatchedOutput
{
    /// <summary>Watches an output.</summary>
    /// <param name="output">The output.</param>
    /// <param name="failures">Remembers.</param>
    /// <returns>An output of the same kind.</returns>
    public static IExportOutput Watch(IExportOutput output, OwnFailures failures) => output switch
    {
        IFileOutput file => new WatchedFile(file, failures),
        ITreeOutput tree => new WatchedTree(tree, failures),
        _ => output,
    };

    private sealed class WatchedFile(IFileOutput inner, OwnFailures failures) : IFileOutput
    {
        public async Task<bool> IsThereAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
        {
            try
            {
                return await inner.IsThereAsync(exporterResponse, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (failures.Note(e))
            {
                throw;
            }
        }

        public async Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
        {
            try
            {
                return new WatchedStream(await inner.OpenAsync(exporterResponse, cancellationToken).ConfigureAwait(false), failures);
            }
            catch (Exception e) when (failures.Note(e))
            {
                throw;
            }
        }

        public void Complete() => inner.Complete();

        public Task PrepareAsync(CancellationToken cancellationToken) => inner.PrepareAsync(cancellationToken);

        public Task CommitAsync(CancellationToken cancellationToken) => inner.CommitAsync(cancellationToken);

        public Task<string> UndoAsync() => inner.UndoAsync();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class WatchedTree(ITreeOutput inner, OwnFailures failures) : ITreeOutput
    {
        public ITreeWriter OpenTree()
        {
            try
            {
                return new WatchedWriter(inner.OpenTree(), failures);
            }
            catch (Exception e) when (failures.Note(e))
            {
                throw;
            }
        }

        public Task PrepareAsync(CancellationToken cancellationToken) => inner.PrepareAsync(cancellationToken);

        public Task CommitAsync(CancellationToken cancellationToken) => inner.CommitAsync(cancellationToken);

        public Task<string> UndoAsync() => inner.UndoAsync();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class WatchedWriter(ITreeWriter inner, OwnFailures failures) : ITreeWriter
    {
        public void Add(FileEntry entry)
        {
            try
            {
                inner.Add(entry);
            }
            catch (Exception e) when (failures.Note(e))
            {
                throw;
            }
        }

        public Stream OpenWrite(FileEntry file)
        {
            try
            {
                return new WatchedStream(inner.OpenWrite(file), failures);
            }
            catch (Exception e) when (failures.Note(e))
            {
                throw;
            }
        }

        public void Complete()
        {
            try
            {
                inner.Complete();
            }
            catch (Exception e) when (failures.Note(e))
            {
                throw;
            }
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
