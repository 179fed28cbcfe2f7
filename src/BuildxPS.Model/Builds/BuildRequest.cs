namespace BuildxPS;

/// <summary>
/// What a user asks a build to do, before anything is looked at or contacted. Paths are absolute: whoever makes a
/// request resolves them, since only it knows what they are relative to.
/// </summary>
public sealed record BuildRequest
{
    /// <summary>
    /// The build context: an absolute folder path, or an address of git or http that the engine fetches. Empty where the context
    /// is <see cref="ContextArchive"/>, or where the build needs no files but <see cref="DockerfileText"/>.
    /// </summary>
    public required string ContextPath { get; init; }

    /// <summary>An archive that is the build context; null where it is <see cref="ContextPath"/>.</summary>
    public ContextArchive? ContextArchive { get; init; }

    /// <summary>
    /// The Dockerfile's absolute path, or its address of http, which the engine fetches; in an archive or at an address also a
    /// path in there. Null means <c>Dockerfile</c> (in a folder also <c>dockerfile</c>) in the context.
    /// </summary>
    public string? DockerfilePath { get; init; }

    /// <summary>The Dockerfile itself; null where it is <see cref="DockerfilePath"/>.</summary>
    public string? DockerfileText { get; init; }

    /// <summary>Names for the image.</summary>
    public IReadOnlyList<ImageReference> Tags { get; init; } = [];

    /// <summary>Platforms to build for; empty means the engine's own, as a single image.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>The stage to build; null means the last one.</summary>
    public string? Target { get; init; }

    /// <summary>Build arguments, <c>--build-arg</c>.</summary>
    public IReadOnlyDictionary<string, string> BuildArguments { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Image labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where the result goes; empty means the driver's default. Destinations are absolute paths.</summary>
    public IReadOnlyList<OutputSpec> Outputs { get; init; } = [];

    /// <summary>Secrets that steps may mount, each with a file, a variable or a value. Files are absolute paths; of equal ids the last counts.</summary>
    public IReadOnlyList<SecretSpec> Secrets { get; init; } = [];

    /// <summary>SSH agents that steps may mount. Paths are absolute; an agent without any is that of <c>SSH_AUTH_SOCK</c>.</summary>
    public IReadOnlyList<SshSpec> Ssh { get; init; } = [];

    /// <summary>More build contexts, by name. Folders are absolute paths.</summary>
    public IReadOnlyList<BuildContextSpec> NamedContexts { get; init; } = [];

    /// <summary>Caches to read from; their folders are absolute paths.</summary>
    public IReadOnlyList<CacheSpec> CacheFrom { get; init; } = [];

    /// <summary>Caches to write to; their folders are absolute paths.</summary>
    public IReadOnlyList<CacheSpec> CacheTo { get; init; } = [];

    /// <summary>Push the image under its names to their registries.</summary>
    public bool Push { get; init; }

    /// <summary>Also load the image into the docker daemon.</summary>
    public bool Load { get; init; }

    /// <summary>Run every step, whatever the cache has.</summary>
    public bool NoCache { get; init; }

    /// <summary>Look for newer base images even where the engine has one.</summary>
    public bool Pull { get; init; }

    /// <summary>Stages whose steps are run, whatever the cache has.</summary>
    public IReadOnlyList<string> NoCacheFilter { get; init; } = [];

    /// <summary>Annotations of the image; of equal ones the last counts.</summary>
    public IReadOnlyList<AnnotationSpec> Annotations { get; init; } = [];

    /// <summary>Attestations to make or to leave out; of one type the first counts.</summary>
    public IReadOnlyList<AttestationSpec> Attestations { get; init; } = [];

    /// <summary>Entitlements that steps get: <c>network.host</c>, <c>security.insecure</c>, <c>device</c>, <c>device=NAME</c>.</summary>
    public IReadOnlyList<string> Entitlements { get; init; } = [];

    /// <summary>Names that steps can resolve beside those of their network.</summary>
    public IReadOnlyList<HostSpec> Hosts { get; init; } = [];

    /// <summary>The network of steps: <c>default</c>, <c>none</c> or <c>host</c>; null means the default.</summary>
    public string? Network { get; init; }

    /// <summary>Limits of the processes that steps run; of one name the last counts.</summary>
    public IReadOnlyList<UlimitSpec> Ulimits { get; init; } = [];

    /// <summary>Bytes of shared memory (<c>/dev/shm</c>) that steps get; null means the engine's default.</summary>
    public long? SharedMemorySize { get; init; }

    /// <summary>The control group that steps run below; null means the engine's own.</summary>
    public string? CgroupParent { get; init; }

    /// <summary>What each step may use.</summary>
    public ResourceLimits Resources { get; init; } = new();

    /// <summary>The file that takes the image's id, as docker's <c>--iidfile</c>: an absolute path. One from an earlier build is removed first.</summary>
    public string? ImageIdFile { get; init; }

    /// <summary>The file that takes what the build reports, as docker's <c>--metadata-file</c>: an absolute path.</summary>
    public string? MetadataFile { get; init; }

    /// <summary>Build although a policy file lies beside the Dockerfile, without evaluating it.</summary>
    public bool IgnorePolicy { get; init; }

    /// <summary>The builder to use.</summary>
    public BuilderSelection Builder { get; init; } = new();
}
