namespace BuildxPS.Engine.Images.Manifests;

/// <summary>Makes objects of the bytes of indexes and manifests.</summary>
internal static class ManifestReader
{
    private const string SchemaOneAdvice = "Push the image again with a current docker or buildx: schema 1 was replaced in 2016, and current engines refuse it too.";

    /// <summary>Reads an index or a manifest.</summary>
    /// <param name="reference">What was asked for.</param>
    /// <param name="bytes">The bytes, whose digest was checked.</param>
    /// <param name="contentType">The media type that the registry stated; null or a general one where it stated none.</param>
    /// <param name="digest">Digest of the bytes.</param>
    /// <returns>An <see cref="ImageIndex"/> or an <see cref="ImageManifest"/>.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/> or <see cref="BuildxFailure.MediaTypeUnsupported"/>.</exception>
    public static ImageDocument Read(ImageReference reference, ReadOnlyMemory<byte> bytes, string? contentType, string digest)
    {
        if (contentType is not null && MediaTypes.IsSchema1(contentType))
        {
            throw Unsupported(reference, contentType, SchemaOneAdvice);
        }

        var json = StrictJson.Parse(bytes, $"What '{reference}' names");
        json.RefuseCaseTwins("schemaVersion", "mediaType", "manifests", "config", "layers", "subject", "artifactType");
        var mediaType = MediaTypeOf(reference, json, contentType);
        return MediaTypes.IsIndex(mediaType)
            ? new ImageIndex
            {
                Reference = reference,
                MediaType = mediaType,
                Digest = digest,
                RawBytes = bytes,
                Annotations = json.TextMap("annotations"),
                ArtifactType = json.Text("artifactType"),
                Subject = json.Object("subject") is { } of ? ReadDescriptor(of) : null,
                Manifests = [.. json.Objects("manifests").Select(ReadDescriptor)],
            }
            : new ImageManifest
            {
                Reference = reference,
                MediaType = mediaType,
                Digest = digest,
                RawBytes = bytes,
                Annotations = json.TextMap("annotations"),
                ArtifactType = json.Text("artifactType"),
                Subject = json.Object("subject") is { } on ? ReadDescriptor(on) : null,
                ConfigDescriptor = ReadDescriptor(json.RequiredObject("config")),
                Layers = [.. json.Objects("layers").Select(ReadDescriptor)],
            };
    }

    /// <summary>Reads a page of a registry's list of what refers to an image.</summary>
    /// <param name="page">The page.</param>
    /// <param name="contentType">The media type that the registry stated.</param>
    /// <returns>The entries.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static IEnumerable<Descriptor> ReadReferrers(StrictJson page, string? contentType)
    {
        page.RefuseCaseTwins("mediaType", "manifests");
        var mediaType = page.Text("mediaType") ?? contentType;
        return mediaType is not null && !MediaTypes.IsGeneric(mediaType) && mediaType != MediaTypes.OciIndex
            ? throw page.Invalid($"its media type is '{DisplayText.Line(mediaType)}'")
            : page.Objects("manifests").Select(ReadDescriptor);
    }

    private static string MediaTypeOf(ImageReference reference, StrictJson json, string? contentType)
    {
        if (json.Int32("schemaVersion") == 1)
        {
            throw Unsupported(reference, "docker schema 1", SchemaOneAdvice);
        }

        // A document that reads as an index and as a manifest means different images to different tools.
        var (looksLikeIndex, looksLikeManifest) = (json.Has("manifests"), json.Has("config") || json.Has("layers"));
        if (looksLikeIndex && looksLikeManifest)
        {
            throw json.Invalid("it is an index and a manifest at once");
        }

        var stated = json.Text("mediaType");
        var claimed = MediaTypes.IsGeneric(contentType) ? null : contentType;
        if (stated is not null && claimed is not null && stated != claimed)
        {
            throw json.Invalid($"the registry calls it '{DisplayText.Line(claimed)}', and it calls itself '{DisplayText.Line(stated)}'");
        }

        var mediaType = claimed ?? stated ?? (looksLikeIndex ? MediaTypes.OciIndex : looksLikeManifest ? MediaTypes.OciManifest : "");
        if (!MediaTypes.IsIndex(mediaType) && !MediaTypes.IsManifest(mediaType))
        {
            throw Unsupported(
                reference,
                mediaType.Length == 0 ? "unknown" : mediaType,
                "Only OCI indexes and manifests and their docker counterparts (schema 2) can be read.");
        }

        return MediaTypes.IsIndex(mediaType) == looksLikeManifest || MediaTypes.IsManifest(mediaType) == looksLikeIndex
            ? throw json.Invalid($"its content does not fit its media type '{mediaType}'")
            : mediaType;
    }

    private static Descriptor ReadDescriptor(StrictJson json)
    {
        json.RefuseCaseTwins("mediaType", "digest", "size", "platform", "artifactType");
        var digest = json.RequiredText("digest");
        if (!Digests.IsValid(digest))
        {
            throw json.Invalid($"'{DisplayText.Line(digest)}' is not a digest");
        }

        return new Descriptor
        {
            MediaType = json.RequiredText("mediaType"),
            Digest = digest,
            Size = json.RequiredSize("size"),
            Platform = json.Object("platform") is { } platform ? ReadPlatform(platform) : null,
            Annotations = json.TextMap("annotations"),
            ArtifactType = json.Text("artifactType"),
            Urls = json.Texts("urls"),
        };
    }

    private static Platform ReadPlatform(StrictJson json)
        => Platform.FromParts(json.RequiredText("os"), json.RequiredText("architecture"), json.Text("variant"), json.Text("os.version"))
            ?? throw json.Invalid("a platform has a character that none may have");

    private static BuildxException Unsupported(ImageReference reference, string mediaType, string advice) => new(
        BuildxFailure.MediaTypeUnsupported,
        $"'{reference}' has the media type '{DisplayText.Line(mediaType)}', which is not supported.",
        advice);
}
