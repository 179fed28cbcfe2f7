using System.Formats.Tar;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>
/// A tar of an OCI layout, to copy to. The layout is put together in a folder beside it, where a copy that is cut off goes
/// on; the tar takes its place in one step, and has this one image.
/// </summary>
internal sealed class ArchiveDestination : IImageDestination, IDisposable
{
    private readonly string _path;
    private readonly string _folder;
    private readonly LayoutDestination _layout;

    /// <summary>Takes a file; nothing is written yet.</summary>
    /// <param name="path">The file; one that is there is replaced in the end.</param>
    /// <param name="reference">The name that the image is to get.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public ArchiveDestination(string path, ImageReference reference)
    {
        _path = path;
        _folder = Path.Join(Path.GetDirectoryName(path), $".{Path.GetFileName(path)}.copying");
        _ = Destination.Resolve(path, IFileSystem.Current).FindStagingParent();
        _layout = new LayoutDestination(_folder, reference, isOnly: true);
    }

    /// <inheritdoc/>
    public ImageReference Reference => _layout.Reference;

    /// <inheritdoc/>
    public Task<bool> HasAsync(ImageDocument document, CancellationToken cancellationToken) => _layout.HasAsync(document, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> HasBlobAsync(Descriptor blob, CancellationToken cancellationToken) => _layout.HasBlobAsync(blob, cancellationToken);

    /// <inheritdoc/>
    public Task<BlobArrival> PutBlobAsync(Descriptor blob, BlobSource source, CancellationToken cancellationToken)
        => _layout.PutBlobAsync(blob, source, cancellationToken);

    /// <inheritdoc/>
    public Task PutAsync(ImageDocument document, CancellationToken cancellationToken) => _layout.PutAsync(document, cancellationToken);

    /// <inheritdoc/>
    public async Task NameAsync(ImageDocument root, CancellationToken cancellationToken)
    {
        await _layout.NameAsync(root, cancellationToken).ConfigureAwait(false);
        try
        {
            var tar = Path.Join(_folder, "tar");
            await PackAsync(tar, cancellationToken).ConfigureAwait(false);
            File.Move(tar, _path, overwrite: true);
            Staging.TryRemove(_folder);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _path);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _layout.Dispose();

    private async Task PackAsync(string tar, CancellationToken cancellationToken)
    {
        var file = new FileStream(tar, FileMode.Create, FileAccess.Write, FileShare.None, 128 * 1024, useAsync: true);
        await using (file.ConfigureAwait(false))
        {
            var writer = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true);
            await using (writer.ConfigureAwait(false))
            {
                // Small ones first: whoever reads the tar finds what it holds at once.
                await AddAsync(writer, "oci-layout", cancellationToken).ConfigureAwait(false);
                await AddAsync(writer, "index.json", cancellationToken).ConfigureAwait(false);
                using var store = new LayoutStore(_folder);
                foreach (var blob in store.List().OrderBy(b => b.Size).ThenBy(b => b.Digest.Hex, StringComparer.Ordinal).ToList())
                {
                    await AddAsync(writer, $"blobs/{blob.Digest.Algorithm}/{blob.Digest.Hex}", cancellationToken).ConfigureAwait(false);
                }
            }

            file.Flush(flushToDisk: true);
        }
    }

    private async Task AddAsync(TarWriter writer, string name, CancellationToken cancellationToken)
    {
        var content = new FileStream(Path.Join(_folder, name), FileMode.Open, FileAccess.Read, FileShare.Read, 1, useAsync: true);
        await using (content.ConfigureAwait(false))
        {
            var entry = new PaxTarEntry(TarEntryType.RegularFile, name)
            {
                DataStream = content,
                ModificationTime = DateTimeOffset.UnixEpoch,
                Mode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
            };
            await writer.WriteEntryAsync(entry, cancellationToken).ConfigureAwait(false);
        }
    }
}
