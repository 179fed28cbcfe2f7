namespace BuildxPS.Engine.Images.Registries;

/// <summary>The bytes of an index or manifest, with their digest checked.</summary>
/// <param name="Digest">Their digest.</param>
/// <param name="MediaType">The media type that the registry stated; null where it stated none.</param>
/// <param name="Bytes">The bytes as they came.</param>
internal sealed record RegistryManifest(string Digest, string? MediaType, ReadOnlyMemory<byte> Bytes);
