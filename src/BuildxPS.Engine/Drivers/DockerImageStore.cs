namespace BuildxPS.Engine.Drivers;

/// <summary>What a docker daemon keeps its images in.</summary>
/// <param name="TakesIndexes">Whether it is a containerd image store, which takes indexes; a classic one keeps images of one platform.</param>
/// <param name="Platform">The daemon's own platform; null where it does not tell.</param>
internal sealed record DockerImageStore(bool TakesIndexes, Platform? Platform);
