using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Drivers;

/// <summary>What the docker-container driver needs to know of a node.</summary>
internal sealed record ContainerNode
{
    /// <summary>The node's name, which the container's and the volume's are made of.</summary>
    public required string Name { get; init; }

    /// <summary>The driver's options.</summary>
    public required ContainerOptions Options { get; init; }

    /// <summary>Arguments for buildkitd.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>Files for <c>/etc/buildkit</c>, by path below it.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>(StringComparer.Ordinal);

    /// <summary>Whether a WSL machine's graphics libraries are mounted.</summary>
    public bool MountsWslLibraries { get; init; }

    /// <summary>Whether images are to be checked against a policy, which is not available here.</summary>
    public bool WantsImagePolicy { get; init; }

    /// <summary>Describes the run in which the container is made, for the provenance of its builds; null or an answer of null for none.</summary>
    public Func<byte[]?>? DescribeRun { get; init; }

    /// <summary>Finds the login for the image's registry; null for none.</summary>
    public Func<ImageReference, CancellationToken, ValueTask<RegistryCredential?>>? FindLogin { get; init; }

    /// <summary>The container's name.</summary>
    public string Container => "buildx_buildkit_" + Name;

    /// <summary>The name of the volume that holds the build cache.</summary>
    public string Volume => Container + "_state";
}
