using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>
/// A folder in OCI layout that an engine writes to: a cache, or an image that is exported as a folder. What it writes is put
/// together apart, and comes into the folder when the build has succeeded: blobs first, the index last and in one step.
/// </summary>
internal sealed class LayoutOutput : IWritableContentStore, IAsyncDisposable
{
    /// <summary>Engines write a few blobs at once; what was begun and not ended is kept for the engine to go on with.</summary>
    internal const int MaxUnfinished = 64;

    private readonly IFileSystem _files = IFileSystem.Current;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ContentIngest> _ingests = new(StringComparer.Ordinal);
    private readonly Dictionary<ContentDigest, ContentInfo> _written = [];
    private readonly HashSet<ContentDigest> _promised = [];
    private readonly LayoutStore _existing;
    private LayoutStaging? _staging;
    private LayoutStore? _staged;
    private ContentDigest? _last;
    private bool _isCommitted;
    private bool _isDisposed;

    /// <summary>Takes content for a folder; nothing is written yet.</summary>
    /// <param name="destination">The folder's absolute path; it and those above it are made if they are missing.</param>
    public LayoutOutput(string destination)
    {
        Folder = destination;
        _existing = new LayoutStore(destination);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The content that the engine wrote, or wanted to write, last: it writes what names all else at the end.</summary>
    public ContentDigest? Last
    {
        get
        {
            lock (_gate)
            {
                return _last;
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<ContentProgress> Unfinished
    {
        get
        {
            lock (_gate)
            {
                return [.. _ingests.Values.Select(i => i.Progress)];
            }
        }
    }

    /// <summary>Finds out, without changing anything, whether a layout can be written.</summary>
    /// <param name="destination">The folder.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>, or <see cref="BuildxFailure.LayoutInvalid"/> for a damaged index in it.</exception>
    public static void CheckWritable(string destination)
    {
        _ = Resolve(destination, IFileSystem.Current).FindStagingParent();
        _ = LayoutIndex.Read(destination);
    }

    /// <inheritdoc/>
    public ContentInfo? Find(ContentDigest digest)
    {
        lock (_gate)
        {
            return _written.GetValueOrDefault(digest) ?? _existing.Find(digest);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<ContentInfo> List()
    {
        lock (_gate)
        {
            return [.. _written.Values, .. _existing.List().Where(i => !_written.ContainsKey(i.Digest))];
        }
    }

    /// <inheritdoc/>
    public ValueTask ReadAsync(ContentDigest digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return (_written.ContainsKey(digest) ? _staged ??= new LayoutStore(_staging!.Layout) : _existing).ReadAsync(digest, offset, buffer, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public IContentWriter OpenWriter(string reference, long total, ContentDigest? expected)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var begun = _ingests.GetValueOrDefault(reference);
            if (begun is { IsInUse: true })
            {
                throw new ContentException(ContentFault.InUse, $"ref {TreePath.Show(reference)} locked: unavailable");
            }

            if (expected is not null && Has(expected, total))
            {
                Drop(begun);
                throw Exists(expected);
            }

            if (begun is not null && (begun.Algorithm != (expected?.Algorithm ?? begun.Algorithm) || (total > 0 && begun.Progress.Total != total)))
            {
                Drop(begun);
                begun = null;
            }

            begun ??= Begin(reference, total, expected);
            begun.IsInUse = true;
            return new Writer(this, begun);
        }
    }

    /// <inheritdoc/>
    public void Abort(string reference)
    {
        lock (_gate)
        {
            if (!_ingests.TryGetValue(reference, out var ingest))
            {
                throw new ContentException(ContentFault.NotFound, $"ingest \"{TreePath.Show(reference)}\": not found");
            }

            if (ingest.IsInUse)
            {
                throw new ContentException(ContentFault.InUse, $"ref {TreePath.Show(reference)} locked: unavailable");
            }

            Drop(ingest);
        }
    }

    /// <summary>Brings what was written into the folder, and names it.</summary>
    /// <param name="root">What the names stand for; it was written by the engine, or was there.</param>
    /// <param name="names">The names.</param>
    /// <param name="reset">Whether blobs that no name leads to any more are removed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>, <see cref="BuildxFailure.DiskFull"/>, <see cref="BuildxFailure.ProtocolViolation"/> or <see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public async Task CommitAsync(LayoutRoot root, IReadOnlyList<LayoutName> names, bool reset, CancellationToken cancellationToken)
    {
        if (Find(root.Digest) is null)
        {
            throw ContentFailures.Violation($"it reports to have written {root.Digest} to '{TreePath.Show(Folder)}', and has not");
        }

        var placement = new LayoutPlacement(_staging, _written.Keys, _promised, _files);
        await placement.PlaceAsync(Folder, root, names, reset, cancellationToken).ConfigureAwait(false);
        _isCommitted = true;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var ingest in _ingests.Values)
            {
                ingest.Dispose();
            }

            _ingests.Clear();
            _staging?.Dispose(keepIngest: _isCommitted);
            _staging = null;
        }

        _staged?.Dispose();
        _existing.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Looks at a destination.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The destination.</returns>
    internal static Destination Resolve(string path, IFileSystem files)
    {
        var destination = Destination.Resolve(path, files);
        return destination.Status is null or { IsDirectory: true } ? destination : throw OutputFailures.NotWritable(path, "it is not a folder.");
    }

    private ContentException Exists(ContentDigest digest)
    {
        // The engine counts on it from now on, so it must still be there when it gets its name.
        _ = _promised.Add(digest);
        _last = digest;
        return new ContentException(ContentFault.Exists, $"content {digest}: already exists");
    }

    /// <summary>A blob of another size than it should have is a damaged one, and is written again.</summary>
    private bool Has(ContentDigest digest, long size)
        => _written.ContainsKey(digest) || (_existing.Find(digest) is { } found && (size == 0 || found.Size == size));

    private ContentIngest Begin(string reference, long total, ContentDigest? expected)
    {
        if (_ingests.Count >= MaxUnfinished)
        {
            throw new ContentException(ContentFault.TooMany, $"{_ingests.Count} writes were begun and not ended");
        }

        _staging ??= LayoutStaging.Create(Resolve(Folder, _files), _files);
        return _ingests[reference] = new ContentIngest(Folder, _staging.NewFile(), reference, total, expected);
    }

    private void Drop(ContentIngest? ingest)
    {
        if (ingest is null || !_ingests.Remove(ingest.Reference))
        {
            return;
        }

        ingest.Dispose();
        try
        {
            File.Delete(ingest.Path);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // It goes with the rest of the staging place.
        }
    }

    private void Keep(ContentIngest ingest, ContentDigest digest)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (Has(digest, ingest.Progress.Offset))
            {
                throw Exists(digest);
            }

            var path = LayoutStore.PathOf(_staging!.Layout, digest);
            try
            {
                _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                _files.Rename(ingest.Path, path);
            }
            catch (Exception e) when (OutputFailures.IsFileFailure(e))
            {
                throw OutputFailures.From(e, Folder);
            }

            _written[digest] = new ContentInfo { Digest = digest, Size = ingest.Progress.Offset, Created = ingest.Progress.Updated };
            _last = digest;
        }
    }

    private void Release(ContentIngest ingest, bool drop)
    {
        lock (_gate)
        {
            ingest.IsInUse = false;
            if (drop)
            {
                Drop(ingest);
            }
        }
    }

    /// <summary>One call's hold on a write.</summary>
    private sealed class Writer(LayoutOutput store, ContentIngest ingest) : IContentWriter
    {
        private bool _isEnded;

        public ContentProgress Progress => ingest.Progress;

        public ContentDigest Digest => ingest.Digest;

        public void Expect(long total) => ingest.Expect(total);

        public void Truncate() => ingest.Truncate();

        public void Write(ReadOnlySpan<byte> data) => ingest.Write(data);

        public void Commit(ContentDigest? expected)
        {
            // Whatever comes of it, there is nothing to go on with.
            _isEnded = true;
            store.Keep(ingest, ingest.Complete(expected));
        }

        public void Dispose() => store.Release(ingest, _isEnded);
    }
}
