using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Images.Layouts;

/// <summary>A folder in OCI layout.</summary>
internal sealed class FolderLayout : ILayout
{
    private readonly LayoutStore _store;

    /// <summary>Reads a layout's index.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutNotFound"/> or <see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public FolderLayout(string folder)
    {
        Index = LayoutIndex.Read(folder) ?? throw LayoutFailures.NotALayout(folder, "it has no index.json");
        _store = new LayoutStore(folder);
    }

    /// <inheritdoc/>
    public string Path => _store.Folder;

    /// <inheritdoc/>
    public LayoutIndex Index { get; }

    /// <inheritdoc/>
    public long? SizeOf(ContentDigest digest) => _store.Find(digest)?.Size;

    /// <inheritdoc/>
    public Stream Open(ContentDigest digest, long offset) => new StoreStream(_store, digest, offset, SizeOf(digest) ?? 0);

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    private sealed class StoreStream(IContentStore store, ContentDigest digest, long offset, long size) : SequentialStream
    {
        private long _position = offset;

        public override bool CanRead => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(buffer.Length, size - _position);
            if (count <= 0)
            {
                return 0;
            }

            await store.ReadAsync(digest, _position, buffer[..count], cancellationToken).ConfigureAwait(false);
            _position += count;
            return count;
        }
    }
}
