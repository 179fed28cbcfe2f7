using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>An image that was read, and can be copied to several places one after the other.</summary>
public sealed class CopySource : IDisposable
{
    private readonly RegistryClient _client;
    private readonly IImageSource _source;
    private readonly ImageTree _tree;
    private readonly CopyOptions _options;
    private readonly List<ImageReference> _given = [];
    private readonly List<IDisposable> _opened = [];

    internal CopySource(RegistryClient client, IImageSource source, ImageLocation location, ImageTree tree, ImageDocument image, CopyOptions options)
        => (_client, _source, Location, _tree, Image, _options) = (client, source, location, tree, image, options);

    /// <summary>Where it is.</summary>
    public ImageLocation Location { get; }

    /// <summary>The image as it will be copied: with fewer entries where platforms were chosen.</summary>
    public ImageDocument Image { get; }

    /// <summary>What a user should know of the image before it is copied; null if there is nothing.</summary>
    public string? Warning => _tree.Absent is not [var first, ..] ? null
        : $"'{Location}' has {first.Digest}{(_tree.Absent.Count == 1 ? "" : $" and {_tree.Absent.Count - 1} more")} listed as attached to it, which its registry does not have: left out.";

    /// <summary>Whether a destination is a tar of a layout, which holds one image, and not a folder or a registry.</summary>
    /// <param name="location">The destination.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsArchive(ImageLocation location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return location.LayoutPath is { } path && (File.Exists(path) || (!Directory.Exists(path) && path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>Finds out what of the image a destination lacks. Nothing is changed.</summary>
    /// <param name="location">The destination.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The copy, ready to run.</returns>
    /// <exception cref="BuildxException">
    /// The failures of registries; <see cref="BuildxFailure.ArgumentInvalid"/> for a destination that names another digest;
    /// <see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.LayoutInvalid"/> for a layout.
    /// </exception>
    public async Task<ImageCopy> PlanAsync(ImageLocation location, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        if (location.Reference.Digest is { } digest && digest != Image.Digest)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The image '{Location}' has the digest {Image.Digest}, and cannot be copied to '{location}'.",
                "Leave the digest out of -Destination; the copy has that of the image.");
        }

        var destination = Open(location);
        var missing = new Missing(destination, _options.Parallelism);
        await missing.FindAsync([_tree.Root, .. _tree.Referrers], cancellationToken).ConfigureAwait(false);
        var mountFrom = _given.Append(_source.Repository).LastOrDefault(r => r?.Registry == location.Reference.Registry && r.Repository != location.Reference.Repository);
        return new ImageCopy(this, _source, destination, missing, _tree, _options)
        {
            Destination = location,
            Result = Image with { Reference = location.Reference },
            MountFrom = location.LayoutPath is null ? mountFrom : null,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (_source as IDisposable)?.Dispose();
        foreach (var opened in _opened)
        {
            opened.Dispose();
        }
    }

    /// <summary>Notes that a registry has the image now, so that its blobs need not travel to that registry again.</summary>
    /// <param name="location">Where it is.</param>
    internal void NoteGiven(ImageLocation location)
    {
        if (location.LayoutPath is null)
        {
            _given.Add(location.Reference);
        }
    }

    private IImageDestination Open(ImageLocation location)
    {
        if (location.LayoutPath is not { } path)
        {
            return new RegistryImage(_client, location.Reference);
        }

        IImageDestination opened = IsArchive(location) ? new ArchiveDestination(path, location.Reference) : new LayoutDestination(path, location.Reference);
        _opened.Add((IDisposable)opened);
        return opened;
    }
}
