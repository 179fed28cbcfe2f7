using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>An archive that engines take as build context.</summary>
/// <param name="archive">The archive.</param>
internal sealed class ContextUpload(ContextArchive archive) : IUploadSource, IAsyncDisposable
{
    private FileStream? _copy;
    private bool _isCopied;

    /// <summary>Lets several engines read it. One that can be read only once is kept on the disk meanwhile.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task ShareAsync(CancellationToken cancellationToken)
    {
        if (archive.CanReopen)
        {
            return;
        }

        _copy = CreateCopy();
        var stream = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            await stream.CopyToAsync(_copy, cancellationToken).ConfigureAwait(false);
            await _copy.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        _isCopied = true;
    }

    private static FileStream CreateCopy()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read | FileShare.Delete,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(Path.Join(Path.GetTempPath(), "buildxps-" + BuildReference.Create()), options);
    }

    /// <inheritdoc/>
    public ValueTask<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return new(_isCopied
                ? new FileStream(_copy!.Name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true)
                : new ArchiveStream(archive.OpenRead(), archive.Name));
        }
        catch (Exception e) when (ArchiveStream.IsReadFailure(e))
        {
            throw ArchiveStream.Unreadable(archive.Name, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_copy is not null)
        {
            await _copy.DisposeAsync().ConfigureAwait(false);
        }
    }
}
