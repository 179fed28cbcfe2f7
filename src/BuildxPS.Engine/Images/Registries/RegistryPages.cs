using System.Runtime.CompilerServices;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>A list that a registry gives in pages, each of which names the next one. Their number and size are bounded.</summary>
/// <param name="pipeline">Sends requests.</param>
/// <param name="options">The bounds.</param>
/// <param name="first">Asks for the first page.</param>
internal sealed class RegistryPages(RegistryPipeline pipeline, RegistryClientOptions options, RegistryRequest first)
{
    private int _entries;
    private long _bytes;

    /// <summary>Counts an entry.</summary>
    /// <exception cref="BuildxException">There are too many.</exception>
    public void Count()
    {
        if (++_entries > options.Limits.ListEntries)
        {
            throw TooMany($"more than {options.Limits.ListEntries} entries");
        }
    }

    /// <summary>Reads the pages.</summary>
    /// <param name="what">What the list is, for messages.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Media type and content of each page.</returns>
    public async IAsyncEnumerable<(string? MediaType, StrictJson Page)> ReadAsync(string what, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        for (var request = first; request is not null;)
        {
            if (!asked.Add(request.Path) || asked.Count > options.Limits.ListPages)
            {
                throw TooMany(asked.Count > options.Limits.ListPages ? $"more than {options.Limits.ListPages} pages" : "a page that names itself as the next one");
            }

            var (bytes, mediaType, next) = await pipeline.SendAsync(
                request,
                async (response, token) => (await response.ReadAsync(options.Limits.ManifestBytes, token).ConfigureAwait(false), response.MediaType, NextOf(response)),
                cancellationToken).ConfigureAwait(false);
            if ((_bytes += bytes.Length) > options.Limits.ListBytes)
            {
                throw TooMany($"more than {ByteSize.Format(options.Limits.ListBytes)}");
            }

            yield return (mediaType, StrictJson.Parse(bytes, $"{what} of the registry {first.Host.Name}"));
            request = next is null ? null : request with { Path = next };
        }
    }

    /// <summary>The path of the next page (RFC 8288): always on the registry itself, whatever host the link names.</summary>
    private static string? NextOf(RegistryResponse response)
    {
        if (response.Header("Link") is not { Length: > 2 and <= 4096 } link || link[0] != '<' || link.IndexOf('>', StringComparison.Ordinal) is not (> 1 and var end))
        {
            return null;
        }

        return link.AsSpan(end).Contains("rel=\"next\"", StringComparison.OrdinalIgnoreCase) || link.AsSpan(end).Contains("rel=next", StringComparison.OrdinalIgnoreCase)
            ? Uri.TryCreate(response.Address, link[1..end], out var address) && address.AbsolutePath.StartsWith("/v2/", StringComparison.Ordinal) ? address.PathAndQuery : null
            : null;
    }

    private BuildxException TooMany(string problem) => new(
        BuildxFailure.RegistryError,
        $"The registry {first.Host.Name} gives a list for '{first.Subject}' that has no end: {problem}.",
        "Ask who runs the registry.");
}
