using System.Formats.Tar;
using System.Text.Json;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Builds.Results;

/// <summary>Finds out which image a build made for each platform, where that can be known.</summary>
internal static class BuiltImages
{
    private const int MaxDocument = 4 << 20;
    private const int MaxEntries = 100_000;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    /// <summary>Finds the images.</summary>
    /// <param name="response">What the exporters answered.</param>
    /// <param name="exporters">The exporters, and the outputs that they wrote, which are in place.</param>
    /// <param name="platforms">The platforms that were built, as far as known.</param>
    /// <param name="registry">Makes a client to read back what was pushed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The images, or null and where there is something to say why they are not known.</returns>
    public static async Task<(IReadOnlyList<BuiltImage>? Images, string? Problem)> FindAsync(
        IReadOnlyDictionary<string, string> response,
        IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> exporters,
        IReadOnlyList<Platform> platforms,
        Func<RegistryClient> registry,
        CancellationToken cancellationToken)
    {
        if (FindDescriptor(response) is not { } top)
        {
            return (null, null);
        }

        if (MediaTypes.IsManifest(top.MediaType))
        {
            return platforms is [var only] ? ([Image(only, top)], null) : (null, null);
        }

        if (!MediaTypes.IsIndex(top.MediaType))
        {
            return (null, null);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        try
        {
            if (exporters.FirstOrDefault(e => e.Output.Pushes) is { Exporter: { } pushed } && FirstName(pushed) is { } name)
            {
                using var client = registry();
                return (await ReadPushedAsync(client, name, top.Digest, limit.Token).ConfigureAwait(false), null);
            }

            if (exporters.FirstOrDefault(e => e.Output.Client == ClientOutput.Layout) is { Output: { } layout })
            {
                return (await ReadLayoutAsync(layout.Spec.Destination!, top, limit.Token).ConfigureAwait(false), null);
            }

            return exporters.FirstOrDefault(e => e.Output is { IsImage: true, Client: ClientOutput.File }) is { Output: { } archive }
                ? (await ReadArchiveAsync(archive.Spec.Destination!, top, limit.Token).ConfigureAwait(false), null)
                : (null, platforms.Count > 1 ? "the engine does not tell what is in an index that it keeps or sends on" : null);
        }
        catch (Exception e) when (e is BuildxException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return (null, DisplayText.Line(e.Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, FormattableString.Invariant($"reading them back took more than {s_limit.TotalSeconds:0} s"));
        }
    }

    private static BuiltImage Image(Platform platform, Descriptor descriptor)
        => new() { Platform = platform, Digest = descriptor.Digest, Size = descriptor.Size, MediaType = descriptor.MediaType };

    /// <summary>The images of an index.</summary>
    /// <param name="index">The index.</param>
    /// <returns>One a platform; attestations are left out.</returns>
    public static List<BuiltImage> Of(ImageIndex index)
        => [.. index.Manifests.Where(m => !m.IsAttestation && m.Platform is not null).Select(m => Image(m.Platform!, m))];

    private static List<BuiltImage> Images(ImageDocument document)
        => document is ImageIndex index
            ? Of(index)
            : throw new InvalidDataException($"{document.Digest} is not an index, as the engine said");

    private static Descriptor? FindDescriptor(IReadOnlyDictionary<string, string> response)
    {
        if (!response.TryGetValue("containerimage.descriptor", out var text) || text.Length > MaxDocument)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(Convert.FromBase64String(text));
            return json.RootElement.ValueKind == JsonValueKind.Object
                && Text(json.RootElement, "digest") is { } digest && Digests.IsValid(digest) && Text(json.RootElement, "mediaType") is { } mediaType
                && json.RootElement.TryGetProperty("size", out var size) && size.TryGetInt64(out var bytes) && bytes is >= 0 and <= MaxDocument
                ? new Descriptor { MediaType = mediaType, Digest = digest, Size = bytes }
                : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static ImageReference? FirstName(EngineExporter exporter)
        => exporter.Attributes.GetValueOrDefault("name", "").Split(',')
            .Select(n => ImageReference.TryParse(n, out var reference, out _) ? reference : null)
            .FirstOrDefault(r => r is not null);

    private static async Task<List<BuiltImage>> ReadPushedAsync(RegistryClient client, ImageReference name, string digest, CancellationToken cancellationToken)
    {
        var reference = name with { Tag = null, Digest = digest };
        var found = await client.GetManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        return Images(ManifestReader.Read(reference, found.Bytes, found.MediaType, found.Digest));
    }

    private static async Task<List<BuiltImage>> ReadLayoutAsync(string folder, Descriptor top, CancellationToken cancellationToken)
    {
        using var store = new LayoutStore(folder);
        var bytes = new byte[top.Size];
        if (!ContentDigest.TryParse(top.Digest, out var digest) || store.Find(digest)?.Size != top.Size)
        {
            throw new InvalidDataException($"there is no index {top.Digest} in '{folder}'");
        }

        await store.ReadAsync(digest, 0, bytes, cancellationToken).ConfigureAwait(false);
        return Images(ManifestReader.Read(new ImageReference { Registry = "", Repository = folder, Digest = top.Digest }, bytes, top.MediaType, top.Digest));
    }

    /// <summary>Reads the index out of an archive in OCI layout; of all else in it only the heads are read.</summary>
    private static async Task<List<BuiltImage>> ReadArchiveAsync(string path, Descriptor top, CancellationToken cancellationToken)
    {
        if (Destination.Resolve(path, IFileSystem.Current).Status is not { IsRegular: true })
        {
            throw new InvalidDataException($"'{path}' is no file that can be read back");
        }

        var wanted = "blobs/" + top.Digest.Replace(':', '/');
        var file = new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous, BufferSize = 64 * 1024 });
        await using (file.ConfigureAwait(false))
        {
            using var reader = new TarReader(file);
            for (var i = 0; i < MaxEntries && await reader.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry; i++)
            {
                if (entry.Name != wanted || entry.DataStream is not { } data || entry.Length != top.Size)
                {
                    continue;
                }

                var bytes = new byte[entry.Length];
                await data.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
                return Digests.Compute(top.Digest, bytes) == top.Digest
                    ? Images(ManifestReader.Read(new ImageReference { Registry = "", Repository = path, Digest = top.Digest }, bytes, top.MediaType, top.Digest))
                    : throw new InvalidDataException($"the index in '{path}' has another digest than the engine said");
            }
        }

        throw new InvalidDataException($"there is no index {top.Digest} in '{path}'");
    }
}
