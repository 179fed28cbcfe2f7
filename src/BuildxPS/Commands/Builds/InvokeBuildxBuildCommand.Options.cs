using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <content>How steps are run, what goes with the image, and files for scripts.</content>
public sealed partial class InvokeBuildxBuildCommand
{
    /// <summary>Runs the steps of these stages, whatever the cache has.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(TargetCompleter))]
    public string[]? NoCacheFilter { get; set; }

    /// <summary>
    /// Annotations of the image: <c>'key=value'</c>, with what carries it before it (<c>'index:key=value'</c>,
    /// <c>'manifest[linux/amd64]:key=value'</c>), hashtables, or <see cref="AnnotationSpec"/> objects.
    /// </summary>
    [Parameter]
    public object[]? Annotation { get; set; }

    /// <summary>
    /// Attestations: <c>'type=provenance,mode=max'</c>, <c>'type=sbom'</c>, hashtables, or <see cref="AttestationSpec"/> objects.
    /// Without any, a small provenance is added to images where the engine can.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(AttestationCompleter))]
    public object[]? Attest { get; set; }

    /// <summary>Short for <c>-Attest type=provenance</c>: <c>$true</c>, <c>$false</c>, <c>'mode=max'</c> or a hashtable.</summary>
    [Parameter]
    [ArgumentCompletions("$true", "$false", "mode=min", "mode=max")]
    public object? Provenance { get; set; }

    /// <summary>Short for <c>-Attest type=sbom</c>: <c>$true</c>, <c>$false</c>, <c>'generator=IMAGE'</c> or a hashtable.</summary>
    [Parameter]
    [ArgumentCompletions("$true", "$false", "generator=")]
    public object? Sbom { get; set; }

    /// <summary>
    /// What steps may do beyond the usual: <c>network.host</c>, <c>security.insecure</c>, <c>device</c>, <c>device=NAME</c>. The
    /// engine must allow it, too.
    /// </summary>
    [Parameter]
    [ArgumentCompletions("network.host", "security.insecure", "device")]
    public string[]? Allow { get; set; }

    /// <summary>Names that steps can resolve: <c>'name=1.2.3.4'</c>, or hashtables. <c>host-gateway</c> is the docker host.</summary>
    [Parameter]
    public object[]? AddHost { get; set; }

    /// <summary>The network of steps: <c>default</c>, <c>none</c>, or <c>host</c>, which the engine must allow.</summary>
    [Parameter]
    [ArgumentCompletions("default", "none", "host")]
    public string? Network { get; set; }

    /// <summary>Limits of the processes that steps run: <c>'nofile=1024:2048'</c>, hashtables, or <see cref="UlimitSpec"/> objects.</summary>
    [Parameter]
    public object[]? Ulimit { get; set; }

    /// <summary>Size of the shared memory (<c>/dev/shm</c>) that steps get: <c>64m</c>, or a number of bytes.</summary>
    [Parameter]
    public string? ShmSize { get; set; }

    /// <summary>The control group that steps run below.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CgroupParent { get; set; }

    /// <summary>
    /// What each step may use: <c>'memory=1g'</c>, <c>'cpu-quota=50000'</c>, hashtables; keys are memory, memory-swap, cpu-shares,
    /// cpu-period, cpu-quota, cpuset-cpus and cpuset-mems.
    /// </summary>
    [Parameter]
    public object[]? Resource { get; set; }

    /// <summary>A file that takes the image's id. One from an earlier build is removed when the build begins.</summary>
    [Parameter]
    [Alias("IidFile")]
    [PathArgument]
    public string? ImageIdFile { get; set; }

    /// <summary>A file that takes what the build reports, as <c>docker buildx build --metadata-file</c> writes it.</summary>
    [Parameter]
    [PathArgument]
    public string? MetadataFile { get; set; }

    private BuildRequest WithOptions(BuildRequest request) => request with
    {
        NoCacheFilter = NoCacheFilter ?? [],
        Annotations = ForAll(Annotation, () => OptionArguments.Annotations(Annotation ?? [])),
        Attestations = ForAll(Attest, () => (IReadOnlyList<AttestationSpec>)
        [
            .. OptionArguments.Attestations(Attest ?? []),
            .. OptionArguments.Attestation(AttestationSpec.Provenance, Provenance),
            .. OptionArguments.Attestation(AttestationSpec.Sbom, Sbom),
        ]),
        Entitlements = Allow ?? [],
        Hosts = ForAll(AddHost, () => OptionArguments.Hosts(AddHost ?? [])),
        Network = Network,
        Ulimits = ForAll(Ulimit, () => OptionArguments.Ulimits(Ulimit ?? [])),
        SharedMemorySize = ForAll(ShmSize, () => ShmSize is null ? (long?)null : OptionArguments.Size(ShmSize, "shared memory")),
        CgroupParent = CgroupParent,
        Resources = ForAll(Resource, () => OptionArguments.Resources(Resource ?? [])),
        ImageIdFile = ImageIdFile is null ? null : ForAll(ImageIdFile, () => ResolvePath(ImageIdFile, BuildxFailure.DestinationNotWritable, "The file for the image id")),
        MetadataFile = MetadataFile is null ? null : ForAll(MetadataFile, () => ResolvePath(MetadataFile, BuildxFailure.DestinationNotWritable, "The metadata file")),
    };
}
