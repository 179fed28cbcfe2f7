using System.Formats.Tar;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>
/// A tar of an OCI layout, to copy to. The layout is put together in a folder beside it, where a copy that is cut off goes
/// on; the tar takes its place in one step, and has this one image. The folder's name can be foreseen, so nothing in it is
/// followed that leads elsewhere.
/// </summary>
internal sealed class ArchiveDestination : IImageDestination, IDisposable
{
    private const string LockFile = "lock";
    private const string TarFile = "tar";
    private const FileEntryMode OnlyOwner = (FileEntryMode)0x1C0;

    private static readonly string[] s_folders = ["blobs", "blobs/sha256", "blobs/sha512", "ingest"];
    private static readonly string[] s_filesInIt = [LockFile, TarFile, "index.json", "index.json.lock", "oci-layout"];

    private readonly string _path;
    private readonly string _folder;
    private readonly IFileSystem _files = IFileSystem.Current;
    private readonly LayoutDestination _layout;

    /// <summary>Takes a file; nothing is written yet.</summary>
    /// <param name="path">The file; one that is there is replaced in the end.</param>
    /// <param name="reference">The name that the image is to get.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public ArchiveDestination(string path, ImageReference reference)
    {
        _path = path;
        _folder = Path.Join(Path.GetDirectoryName(path), $".{Path.GetFileName(path)}.copying");
        _ = Destination.Resolve(path, _files).FindStagingParent();
        RequireOwn();
        _layout = new LayoutDestination(_folder, reference, isOnly: true);
    }

    /// <inheritdoc/>
    public ImageReference Reference => _layout.Reference;

    /// <inheritdoc/>
    public bool KeepsBlobs => _layout.KeepsBlobs;

    /// <inheritdoc/>
    public IDisposable? Begin()
    {
        try
        {
            MakeFolder();
            var path = Path.Join(_folder, LockFile);
            var turn = FileLock.TryTake(path);
            if (turn is not null && File.Exists(path))
            {
                return turn;
            }

            // Who had it has just ended, and removed it with its folder.
            turn?.Dispose();
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _path);
        }

        throw new BuildxException(
            BuildxFailure.DestinationNotWritable,
            $"Another copy is writing '{TreePath.Show(_path)}'.",
            "Wait until it has ended, or choose another destination.")
        { IsTransient = true };
    }

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
    public async Task NameAsync(ImageTree tree, CancellationToken cancellationToken)
    {
        await _layout.NameAsync(tree, cancellationToken).ConfigureAwait(false);
        try
        {
            var tar = Path.Join(_folder, TarFile);
            File.Delete(tar);
            await PackAsync(tar, tree, cancellationToken).ConfigureAwait(false);
            File.Move(tar, _path, overwrite: true);
            if (_files.Status(_folder) is { IsDirectory: true })
            {
                Staging.TryRemove(_folder);
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _path);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _layout.Dispose();

    private void MakeFolder()
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        try
        {
            if (_files.Status(_folder) is null)
            {
                _files.CreateDirectory(_folder);
            }
        }
        catch (IOException) when (_files.Status(_folder) is { IsDirectory: true })
        {
            // Another copy made it meanwhile.
        }

        RequireOwn();
        _files.SetPermissions(_folder, OnlyOwner);
    }

    /// <summary>A folder that somebody else prepared could lead what is written and removed to any place.</summary>
    private void RequireOwn()
    {
        if (_files.Status(_folder) is not { } status)
        {
            return;
        }

        if (!status.IsDirectory || !_files.IsOwn(status))
        {
            throw InTheWay(_folder, status.IsDirectory ? "it is another user's" : "it is not a folder");
        }

        if (s_folders.Select(n => Path.Join(_folder, n)).FirstOrDefault(f => _files.Status(f) is { IsDirectory: false }) is { } folder)
        {
            throw InTheWay(folder, "it is not a folder");
        }

        if (s_filesInIt.Select(n => Path.Join(_folder, n)).FirstOrDefault(f => _files.Status(f) is { IsRegular: false }) is { } file)
        {
            throw InTheWay(file, "it is not a file");
        }
    }

    private BuildxException InTheWay(string path, string problem) => OutputFailures.NotWritable(
        _path,
        $"it is put together in '{_folder}', and '{path}' cannot be used for that: {problem}.",
        advice: "Remove what is in the way if it is not needed, or choose another destination.");

    private async Task PackAsync(string tar, ImageTree tree, CancellationToken cancellationToken)
    {
        using var store = new LayoutStore(_folder);
        var blobs = store.List().OrderBy(b => b.Size).ThenBy(b => b.Digest.Hex, StringComparer.Ordinal).ToList();
        if (tree.Digests.Except(blobs.Select(b => b.Digest.ToString()), StringComparer.Ordinal).FirstOrDefault() is { } missing)
        {
            throw OutputFailures.NotWritable(_path, $"{missing} was removed from '{_folder}' meanwhile.", advice: "Copy again, and let no other program clean that folder.");
        }

        var file = new FileStream(tar, FileMode.CreateNew, FileAccess.Write, FileShare.None, 128 * 1024, useAsync: true);
        await using (file.ConfigureAwait(false))
        {
            var writer = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true);
            await using (writer.ConfigureAwait(false))
            {
                // Small ones first: whoever reads the tar finds what it holds at once.
                await AddAsync(writer, "oci-layout", cancellationToken).ConfigureAwait(false);
                await AddAsync(writer, "index.json", cancellationToken).ConfigureAwait(false);
                foreach (var blob in blobs)
                {
                    await AddAsync(writer, $"blobs/{blob.Digest.Algorithm}/{blob.Digest.Hex}", cancellationToken).ConfigureAwait(false);
                }
            }

            file.Flush(flushToDisk: true);
        }
    }

    private async Task AddAsync(TarWriter writer, string name, CancellationToken cancellationToken)
    {
        var path = Path.Join(_folder, name);
        if (_files.Status(path) is { IsRegular: false })
        {
            throw InTheWay(path, "it is not a file");
        }

        var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, useAsync: true);
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
