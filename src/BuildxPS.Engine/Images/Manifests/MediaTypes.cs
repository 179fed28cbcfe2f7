namespace BuildxPS.Engine.Images.Manifests;

/// <summary>Media types of images, and what kind of document each one is.</summary>
internal static class MediaTypes
{
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>What we ask registries for, best first.</summary>
    public static IReadOnlyList<string> Documents { get; } = [OciIndex, OciManifest, DockerList, DockerManifest];

    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerList;

    public static bool IsManifest(string mediaType) => mediaType is OciManifest or DockerManifest;

    public static bool IsConfig(string mediaType) => mediaType is OciConfig or DockerConfig;

    public static bool IsSchema1(string mediaType)
        => mediaType is "application/vnd.docker.distribution.manifest.v1+json" or "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// <summary>Whether a Content-Type says nothing about the kind of document, as plain web servers in front of a registry send.</summary>
    public static bool IsGeneric(string? mediaType)
        => string.IsNullOrEmpty(mediaType) || mediaType is "application/json" or "text/plain" or "application/octet-stream";
}
