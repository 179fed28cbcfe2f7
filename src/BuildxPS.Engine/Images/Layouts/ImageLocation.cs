using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Layouts;

/// <summary>Where an image is, or is to go: in a registry, or in an OCI layout of this machine (<c>oci-layout://PATH[:TAG][@DIGEST]</c>).</summary>
public sealed record ImageLocation
{
    private const string Prefix = "oci-layout://";

    // With the slash that stands between registry and repository it is the prefix again, so that the text can be read back.
    private const string LayoutRegistry = "oci-layout:/";

    /// <summary>Its name: of an image in a registry, or the layout's path with tag and digest.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>The folder or tar of the layout; null for a registry.</summary>
    public string? LayoutPath { get; init; }

    /// <summary>Reads a location.</summary>
    /// <param name="text">An image reference, or <c>oci-layout://</c> and a path.</param>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <returns>The location.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.TagInvalid"/> or <see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static ImageLocation Parse(string text, Func<string, string> resolve)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(resolve);
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return new ImageLocation { Reference = ImageReference.Parse(text) };
        }

        if (text.Length == Prefix.Length)
        {
            throw new BuildxException(BuildxFailure.ArgumentInvalid, $"'{text}' names no OCI layout.", "Write an OCI layout as oci-layout://PATH[:TAG][@DIGEST], where the path is a folder or a tar.");
        }

        var parts = BuildContextSpec.Parse("layout", text);
        var path = resolve(parts.Location);
        return new ImageLocation
        {
            Reference = new ImageReference { Registry = LayoutRegistry, Repository = path, Tag = parts.Tag, Digest = parts.Digest },
            LayoutPath = path,
        };
    }

    /// <summary>Whether a reference names an image in a layout, and none in a registry.</summary>
    /// <param name="reference">The reference.</param>
    /// <returns>Whether it does.</returns>
    internal static bool IsLayout(ImageReference reference) => reference.Registry == LayoutRegistry;

    /// <summary>Names an image in the layout.</summary>
    /// <param name="name">A tag, an image's name, or a digest.</param>
    /// <returns>The image.</returns>
    public ImageLocation Choose(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return this with
        {
            Reference = Digests.IsValid(name) ? Reference with { Tag = null, Digest = name } : Reference with { Tag = name, Digest = null },
        };
    }

    /// <inheritdoc/>
    public override string ToString() => LayoutPath is null ? Reference.FamiliarName : Reference.ToString();
}
