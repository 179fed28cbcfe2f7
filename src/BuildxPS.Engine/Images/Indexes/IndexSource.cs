using System.Text;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>One of the things that an index is made of, as a user names it.</summary>
public sealed record IndexSource
{
    private const string Forms = "Name a source by a reference (registry.local/app:1), a digest (sha256:…), or a descriptor in JSON; objects of images, descriptors and builds can be piped.";

    /// <summary>How the user named it, for messages.</summary>
    public required string Text { get; init; }

    /// <summary>The image; null where only a digest or a descriptor is known, which says not in which repository it is.</summary>
    public ImageReference? Reference { get; init; }

    /// <summary>A digest, or a descriptor with all or some of its parts; null where a reference was given.</summary>
    internal IndexEntry? Given { get; init; }

    /// <summary>The document itself; null where it was not given.</summary>
    internal ImageDocument? Document { get; init; }

    /// <summary>Reads a reference, a digest or a descriptor.</summary>
    /// <param name="text">The text; blanks around it do not count.</param>
    /// <returns>The source.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.TagInvalid"/> or <see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static IndexSource Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Trim();
        return text.StartsWith('{') ? ParseDescriptor(text)
            : text.StartsWith("oci-layout:", StringComparison.Ordinal) ? throw Layout(text)
            : Digests.IsValid(text) ? new IndexSource { Text = text, Given = new IndexEntry { Digest = text } }
            : text.StartsWith("sha256", StringComparison.Ordinal) && !text.Contains('/', StringComparison.Ordinal) ? throw Invalid(text, "it is no digest of 64 hexadecimal digits")
            : new IndexSource { Text = text, Reference = ImageReference.Parse(text) };
    }

    /// <summary>Takes a reference.</summary>
    /// <param name="reference">The reference.</param>
    /// <returns>The source.</returns>
    public static IndexSource From(ImageReference reference) => new() { Text = reference?.ToString() ?? "", Reference = reference };

    /// <summary>Takes a descriptor.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>The source.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>: it has no valid digest.</exception>
    public static IndexSource From(Descriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return Digests.IsValid(descriptor.Digest)
            ? new IndexSource { Text = descriptor.Digest, Given = IndexEntry.From(descriptor) }
            : throw Invalid(descriptor.Digest, "its digest is none");
    }

    /// <summary>Takes an index or a manifest that was read before.</summary>
    /// <param name="document">The document.</param>
    /// <returns>The source.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DigestMismatch"/>: its bytes are others.</exception>
    public static IndexSource From(ImageDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (ImageLocation.IsLayout(document.Reference))
        {
            throw Layout(document.DigestReference.ToString());
        }

        return Digests.IsValid(document.Digest) && Digests.Compute(document.Digest, document.RawBytes.Span) == document.Digest
            ? new IndexSource { Text = document.DigestReference.ToString(), Reference = document.DigestReference, Document = document }
            : throw new BuildxException(
                BuildxFailure.DigestMismatch,
                $"The bytes of '{document.DigestReference}' are not those of its digest.",
                "Take the object as Get-BuildxImageManifest gave it.");
    }

    /// <summary>Takes what a build pushed: its index, in the repository of one of its names.</summary>
    /// <param name="result">The result.</param>
    /// <param name="tags">The names that the new index gets; a repository that is among them is preferred.</param>
    /// <returns>The source.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageNotFound"/>: it pushed none.</exception>
    public static IndexSource From(BuildResult result, IReadOnlyList<ImageReference> tags)
    {
        ArgumentNullException.ThrowIfNull(result);
        var names = result.Images.Select(ImageReference.Parse).ToList();
        return result.Digest is { } digest && (names.Find(n => tags.Any(t => t.Name == n.Name)) ?? names.FirstOrDefault()) is { } name
            ? From(name with { Tag = null, Digest = digest })
            : throw new BuildxException(
                BuildxFailure.ImageNotFound,
                $"The build {result.BuildRef} gave no image that a registry could have: it has no {(result.Digest is null ? "digest" : "name")}.",
                "Build with -Tag and -Push.");
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static IndexSource ParseDescriptor(string text)
    {
        try
        {
            var json = StrictJson.Parse(Encoding.UTF8.GetBytes(text), "The descriptor");
            return json.Has("schemaVersion")
                ? throw Invalid(text, "it is a manifest or an index, and not a descriptor of one")
                : new IndexSource { Text = DisplayText.Line(text, 100), Given = IndexEntry.ReadGiven(json) };
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ImageInvalid)
        {
            throw Invalid(text, e.Message.TrimEnd('.'), e);
        }
    }

    private static BuildxException Layout(string text) => new(
        BuildxFailure.ArgumentInvalid,
        $"'{DisplayText.Line(text, 200)}' is in an OCI layout, and an index in a registry can only be made of images in registries.",
        "Bring it into the repository first: Copy-BuildxImage oci-layout://PATH:TAG REPOSITORY:TAG.");

    private static BuildxException Invalid(string text, string problem, Exception? inner = null)
        => new(BuildxFailure.ArgumentInvalid, $"'{DisplayText.Line(text, 100)}' is no source of an index: {problem}.", Forms, inner);
}
