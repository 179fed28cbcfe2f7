using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Images.Manifests;

/// <summary>Takes some platforms out of an index.</summary>
internal static class IndexFilter
{
    private const string ReferenceDigest = "vnd.docker.reference.digest";

    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };

    /// <summary>
    /// Keeps the images of some platforms, the attestations of those, and what is for no platform. What else the index says
    /// stays to the letter; where nothing has to go, its bytes do, too.
    /// </summary>
    /// <param name="index">The index.</param>
    /// <param name="platforms">The platforms; at least one.</param>
    /// <returns>The smaller index.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.PlatformNotAvailable"/>, naming the platform that is not there.</exception>
    public static ImageIndex Keep(ImageIndex index, IReadOnlyList<Platform> platforms)
    {
        var images = index.Manifests.Where(m => !m.IsAttestation).ToList();
        if (platforms.FirstOrDefault(p => !images.Any(m => m.Platform is { } own && Fits(own, p))) is { } missing)
        {
            throw NotAvailable(index, missing, index.Platforms);
        }

        var kept = images.Where(m => m.Platform is not { } own || platforms.Any(p => Fits(own, p))).Select(m => m.Digest).ToHashSet(StringComparer.Ordinal);
        bool IsKept(Descriptor m) => kept.Contains(m.IsAttestation ? m.Annotations.GetValueOrDefault(ReferenceDigest, "") : m.Digest);
        if (index.Manifests.All(IsKept))
        {
            return index;
        }

        // The reader has checked the document, so that each entry is an object.
        var root = JsonNode.Parse(index.RawBytes.Span)!.AsObject();
        var entries = root["manifests"]!.AsArray();
        root["manifests"] = new JsonArray([.. index.Manifests.Zip(entries).Where(p => IsKept(p.First)).Select(p => p.Second!.DeepClone())]);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(root, s_options);
        return (ImageIndex)ManifestReader.Read(index.Reference, bytes, index.MediaType, Digests.Compute(bytes));
    }

    /// <summary>Whether an image's platform is one that was asked for.</summary>
    /// <param name="own">The image's.</param>
    /// <param name="wanted">What was asked for; without a version of the system it means every one.</param>
    /// <returns>Whether it is.</returns>
    public static bool Fits(Platform own, Platform wanted)
        => own.OS == wanted.OS && own.Architecture == wanted.Architecture && own.Variant == wanted.Variant
            && (wanted.OSVersion is null || own.OSVersion == wanted.OSVersion);

    /// <summary>The failure where an image lacks a platform.</summary>
    /// <param name="image">The image.</param>
    /// <param name="missing">The platform.</param>
    /// <param name="available">Those that it has.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NotAvailable(ImageDocument image, Platform missing, IReadOnlyList<Platform> available) => new(
        BuildxFailure.PlatformNotAvailable,
        $"'{image.Reference}' has no image for {missing}; it has {(available.Count == 0 ? "none that says its platform" : string.Join(", ", available))}.",
        "Name platforms that it has, or leave -Platform out to take all.");
}
