using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Images.Layouts;

/// <summary>Reads images of an OCI layout: a folder, or a tar of one.</summary>
internal sealed class LayoutImages : IDisposable
{
    private const string DefaultTag = "latest";
    private const int MaxDocument = 4 * 1024 * 1024;

    private readonly ILayout _layout;
    private readonly Lock _gate = new();
    private Task<ILookup<string, Descriptor>>? _unnamed;

    private LayoutImages(ILayout layout) => _layout = layout;

    /// <summary>Folder or file.</summary>
    public string Path => _layout.Path;

    /// <summary>Opens a layout.</summary>
    /// <param name="path">The folder or the tar.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its images.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutNotFound"/> or <see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public static async Task<LayoutImages> OpenAsync(string path, CancellationToken cancellationToken)
        => new(Directory.Exists(path) ? new FolderLayout(path)
            : File.Exists(path) ? await ArchiveLayout.OpenAsync(path, cancellationToken).ConfigureAwait(false)
            : throw LayoutFailures.NotFound(path));

    /// <summary>Finds an image by its name.</summary>
    /// <param name="tag">An image's whole name, or a tag; null means <c>latest</c>, or the only image.</param>
    /// <returns>The image's digest.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageNotFound"/>.</exception>
    public ContentDigest Find(string? tag)
        => _layout.Index.Find(tag ?? DefaultTag)
            ?? (tag is null ? _layout.Index.FindOnly() : null)
            ?? throw LayoutFailures.NoImage(_layout, tag ?? DefaultTag);

    /// <summary>Whether a blob is there.</summary>
    /// <param name="digest">Its digest.</param>
    /// <returns>Whether it is.</returns>
    public bool Has(string digest) => ContentDigest.TryParse(digest, out var parsed) && _layout.SizeOf(parsed) is not null;

    /// <summary>Reads an index or a manifest.</summary>
    /// <param name="reference">How the user knows it.</param>
    /// <param name="digest">Its digest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The document, its digest checked.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutInvalid"/>, <see cref="BuildxFailure.DigestMismatch"/>, <see cref="BuildxFailure.ImageInvalid"/> or <see cref="BuildxFailure.MediaTypeUnsupported"/>.</exception>
    public async Task<ImageDocument> ReadAsync(ImageReference reference, ContentDigest digest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(digest);
        var size = _layout.SizeOf(digest) ?? throw LayoutFailures.NoBlob(Path, digest.ToString());
        var bytes = size <= MaxDocument
            ? new byte[size]
            : throw new BuildxException(BuildxFailure.ImageInvalid, $"{digest} in '{TreePath.Show(Path)}' is larger than {ByteSize.Format(MaxDocument)}, and so no manifest.", "Name an image of the layout.");
        var stream = _layout.Open(digest, 0);
        await using (stream.ConfigureAwait(false))
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        }

        return Digests.Compute(digest.ToString(), bytes) == digest.ToString()
            ? ManifestReader.Read(reference, bytes, null, digest.ToString())
            : throw Sessions.Content.ContentFailures.Damaged(Path, $"what lies there as {digest} has another digest");
    }

    /// <summary>Opens a blob.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="offset">Where in it to begin.</param>
    /// <returns>Its bytes. Read from the beginning, their end is reported only if size and digest are right.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public Stream Open(Descriptor blob, long offset)
    {
        if (!ContentDigest.TryParse(blob.Digest, out var digest) || _layout.SizeOf(digest) is not { } size)
        {
            throw LayoutFailures.NoBlob(Path, blob.Digest);
        }

        if (size != blob.Size)
        {
            throw Sessions.Content.ContentFailures.Damaged(Path, FormattableString.Invariant($"{digest} has {size} bytes there, and its manifest says {blob.Size}"));
        }

        var stream = _layout.Open(digest, offset);
        return offset == 0 ? new Registries.VerifyingStream(stream, blob, Path) : stream;
    }

    /// <summary>Lists what was attached to an image.</summary>
    /// <param name="digest">The image's digest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Manifests: those of the image's list, and those of the layout whose subject it is.</returns>
    public async Task<IReadOnlyList<Descriptor>> ListReferrersAsync(string digest, CancellationToken cancellationToken)
    {
        var found = new List<Descriptor>();
        var reference = new ImageReference { Registry = "oci-layout:/", Repository = Path };
        if (_layout.Index.Find(digest.Replace(':', '-')) is { } list && await ReadAsync(reference, list, cancellationToken).ConfigureAwait(false) is ImageIndex index)
        {
            found.AddRange(index.Manifests);
        }

        found.AddRange((await UnnamedAsync(cancellationToken).ConfigureAwait(false))[digest]);
        return [.. found.DistinctBy(f => f.Digest)];
    }

    /// <inheritdoc/>
    public void Dispose() => _layout.Dispose();

    /// <summary>As ORAS keeps what is attached: in the layout's own index, without a name. It is read once.</summary>
    private Task<ILookup<string, Descriptor>> UnnamedAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _unnamed ??= ReadUnnamedAsync(cancellationToken);
        }
    }

    private async Task<ILookup<string, Descriptor>> ReadUnnamedAsync(CancellationToken cancellationToken)
    {
        var found = new List<(string Subject, Descriptor Entry)>();
        foreach (var root in _layout.Index.Unnamed().Where(r => _layout.SizeOf(r) <= MaxDocument))
        {
            try
            {
                var document = await ReadAsync(new ImageReference { Registry = "oci-layout:/", Repository = Path, Digest = root.ToString() }, root, cancellationToken).ConfigureAwait(false);
                if (document.Subject is { } subject)
                {
                    found.Add((subject.Digest, new Descriptor { MediaType = document.MediaType, Digest = document.Digest, Size = document.Size, ArtifactType = document.ArtifactType }));
                }
            }
            catch (BuildxException e) when (e.Failure is BuildxFailure.MediaTypeUnsupported or BuildxFailure.ImageInvalid)
            {
                // Anything may lie in a layout; what is no manifest is attached to nothing.
            }
        }

        return found.ToLookup(f => f.Subject, f => f.Entry, StringComparer.Ordinal);
    }
}
