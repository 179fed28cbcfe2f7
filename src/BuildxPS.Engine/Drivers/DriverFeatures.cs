namespace BuildxPS.Engine.Drivers;

/// <summary>What a driver's engines can do beyond what the engine itself reports.</summary>
public sealed record DriverFeatures
{
    /// <summary>Whether images go into the docker daemon that the engine is part of.</summary>
    public bool IsDockerDaemon { get; init; }

    /// <summary>
    /// Whether images land in a containerd image store: it takes indexes, attestations, and the <c>oci</c> and
    /// <c>docker</c> exporters. A docker daemon with a classic store takes only <c>moby</c>, <c>local</c> and <c>tar</c>.
    /// </summary>
    public bool HasContainerdStore { get; init; }

    /// <summary>Whether a loopback address, such as a registry's, is to the engine what it is to this client.</summary>
    public bool SharesLoopback { get; init; }

    /// <summary>Whether a build without an output is loaded into docker's images, as the builder's <c>default-load</c> option asks.</summary>
    public bool LoadsByDefault { get; init; }
}
