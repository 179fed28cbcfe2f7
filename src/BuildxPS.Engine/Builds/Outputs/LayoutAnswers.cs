using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Sessions.Content;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>Reads from an engine's answers what it wrote to a layout.</summary>
internal static class LayoutAnswers
{
    private const int MaxNames = 1000;
    private const int MaxDocument = 4 * 1024 * 1024;

    /// <summary>The image that was exported.</summary>
    /// <param name="response">What the exporters answered.</param>
    /// <param name="folder">The layout, for messages.</param>
    /// <returns>Its descriptor.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static LayoutRoot Image(IReadOnlyDictionary<string, string> response, string folder)
    {
        try
        {
            return response.TryGetValue("containerimage.descriptor", out var text)
                && LayoutRoot.TryParse(Encoding.UTF8.GetString(Convert.FromBase64String(text))) is { } root
                ? root
                : throw NotSaid(folder, null);
        }
        catch (FormatException e)
        {
            throw NotSaid(folder, e);
        }
    }

    /// <summary>The names of the image, as the exporter made them.</summary>
    /// <param name="response">What the exporters answered.</param>
    /// <returns>The names; <c>latest</c> where there are none.</returns>
    public static IReadOnlyList<LayoutName> Names(IReadOnlyDictionary<string, string> response)
        => response.TryGetValue("image.name", out var names)
            ? [.. names.Split(',').Take(MaxNames).Select(LayoutName.Image)]
            : [LayoutName.Tag("latest")];

    /// <summary>The cache that was written to a folder. An engine that writes several caches reports one of them only.</summary>
    /// <param name="response">What the exporters answered.</param>
    /// <param name="output">The folder.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its descriptor; null if nothing was written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static async Task<LayoutRoot?> CacheAsync(IReadOnlyDictionary<string, string> response, LayoutOutput output, CancellationToken cancellationToken)
    {
        if (output.Last is not { } last)
        {
            return null;
        }

        var reported = response.TryGetValue("cache.manifest", out var text) ? LayoutRoot.TryParse(text) : null;
        if (reported?.Digest == last)
        {
            return reported;
        }

        // The document that names all other blobs comes last.
        if (output.Find(last) is not { Size: > 0 and <= MaxDocument } info)
        {
            throw NotSaid(output.Folder, null);
        }

        var bytes = new byte[info.Size];
        await output.ReadAsync(last, 0, bytes, cancellationToken).ConfigureAwait(false);
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("mediaType", out var mediaType) && mediaType.ValueKind == JsonValueKind.String
                ? LayoutRoot.Create(mediaType.GetString()!, last, info.Size)
                : throw NotSaid(output.Folder, null);
        }
        catch (JsonException e)
        {
            throw NotSaid(output.Folder, e);
        }
    }

    private static BuildxException NotSaid(string folder, Exception? cause) => new(
        BuildxFailure.ProtocolViolation,
        $"The engine does not say what it wrote to '{folder}', so nothing was put there.",
        "Build again; if it stays, look at the engine's log.",
        cause);
}
