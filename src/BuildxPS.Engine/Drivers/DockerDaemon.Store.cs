using System.Net;

namespace BuildxPS.Engine.Drivers;

/// <summary>What the daemon's image store is, and what it has.</summary>
internal sealed partial class DockerDaemon
{
    /// <summary>The first API whose images tell which parts of an index are there.</summary>
    private static readonly Version s_tellsParts = new(1, 48);

    /// <summary>Asks the daemon what it keeps its images in.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The store.</returns>
    public async Task<DockerImageStore> GetImageStoreAsync(CancellationToken cancellationToken)
    {
        var answer = await GetInfoAsync(cancellationToken).ConfigureAwait(false);
        return new DockerImageStore(
            answer.DriverStatus?.Any(pair => pair is ["driver-type", "io.containerd.snapshotter.v1", ..]) ?? false,
            PlatformOf(answer.OSType, answer.Architecture));
    }

    /// <summary>Whether the daemon has an image with all that belongs to it.</summary>
    /// <param name="digest">In a classic store the config's digest, in a containerd one the manifest's or index's.</param>
    /// <param name="isContainerd">Which of them it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False also where that is not known.</returns>
    public async Task<bool> HasWholeImageAsync(string digest, bool isContainerd, CancellationToken cancellationToken)
    {
        if (isContainerd && await GetApiVersionAsync(cancellationToken).ConfigureAwait(false) < s_tellsParts)
        {
            return false;
        }

        var path = $"/images/{Uri.EscapeDataString(digest)}/json{(isContainerd ? "?manifests=1" : "")}";
        var image = await FindAsync(path, DockerJsonContext.Default.ImageJson, cancellationToken).ConfigureAwait(false);
        return image?.Id == digest
            // Of an index that was pulled there is one platform as a rule.
            && (!isContainerd || (image.Manifests is { Count: > 0 } parts && parts.All(p => p.Available)));
    }

    /// <summary>Gives an image one more name.</summary>
    /// <param name="digest">The image.</param>
    /// <param name="name">The name, with a tag.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the image is not there.</returns>
    public Task<bool> TryTagAsync(string digest, ImageReference name, CancellationToken cancellationToken)
        => CallAsync("POST /images/tag", async token =>
        {
            var path = $"/images/{Uri.EscapeDataString(digest)}/tag?repo={Uri.EscapeDataString(name.Name)}&tag={Uri.EscapeDataString(name.Tag ?? "latest")}";
            using var response = await SendAsync(HttpMethod.Post, path, null, token).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return false;
            }

            await ThrowIfRefusedAsync(response, $"POST {path}", token).ConfigureAwait(false);
            return true;
        }, cancellationToken);

    /// <summary>A daemon's platform, whose processor it names as the kernel does.</summary>
    private static Platform? PlatformOf(string? system, string? machine)
    {
        var (architecture, variant) = machine switch
        {
            "armv8l" => ("arm", "v8"),
            "armv7l" => ("arm", "v7"),
            "armv6l" => ("arm", "v6"),
            "armv5l" or "armv5tel" => ("arm", "v5"),
            "i386" or "i486" or "i586" or "i686" => ("386", null),
            _ => (machine, null as string),
        };
        return string.IsNullOrEmpty(system) || string.IsNullOrEmpty(architecture) ? null : Platform.FromParts(system, architecture, variant, null);
    }
}
