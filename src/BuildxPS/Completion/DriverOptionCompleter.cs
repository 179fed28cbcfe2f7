using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes the names of the drivers' options.</summary>
internal sealed class DriverOptionCompleter : IArgumentCompleter
{
    private static readonly (string Value, string ToolTip)[] s_options =
    [
        ("image=", "The BuildKit image; without it moby/buildkit:buildx-stable-1"),
        ("network=", "The container's network, for example host"),
        ("env.", "An environment variable of BuildKit: env.NAME=value"),
        ("default-load=", "true: builds without an output go into docker's images"),
        ("memory=", "Most memory, for example 2g"),
        ("memory-swap=", "Most memory and swap together; -1 for no limit"),
        ("cpu-quota=", "Processor time in each period, in microseconds"),
        ("cpu-period=", "The period's length, in microseconds"),
        ("cpu-shares=", "Weight among other containers"),
        ("cpuset-cpus=", "Processors to run on, for example 0-3"),
        ("cpuset-mems=", "Memory nodes to use"),
        ("cgroup-parent=", "The control group above the container's"),
        ("restart-policy=", "no, always, unless-stopped or on-failure[:COUNT]"),
        ("provenance-add-gha=", "false: GitHub Actions' run is left out of provenance"),
        ("allow-untrusted-image=", "true: the image's signature is not looked at"),
        ("cacert=", "remote: file with the authority of the engine's certificate"),
        ("cert=", "remote: file with the certificate that is shown to the engine"),
        ("key=", "remote: file with that certificate's key"),
        ("namespace=", "kubernetes: the namespace of the pods"),
        ("replicas=", "kubernetes: how many pods"),
        ("requests.cpu=", "kubernetes: processors that a pod asks for, for example 500m"),
        ("requests.memory=", "kubernetes: memory that a pod asks for, for example 4Gi"),
        ("requests.ephemeral-storage=", "kubernetes: disk that a pod gets at most, as buildx means it"),
        ("limits.cpu=", "kubernetes: processors that a pod gets at most"),
        ("limits.memory=", "kubernetes: memory that a pod gets at most"),
        ("limits.ephemeral-storage=", "kubernetes: disk that a pod gets at most"),
        ("persistent-volume-claim.requests.storage=", "kubernetes: size of a claim for the cache, which then outlives pods"),
        ("buildkit-root-volume-memory=", "kubernetes: size of a memory file system for the cache"),
        ("serviceaccount=", "kubernetes: the pods' service account"),
        ("schedulername=", "kubernetes: the scheduler"),
        ("nodeselector=", "kubernetes: labels of the nodes to run on: kubernetes.io/arch=arm64"),
        ("tolerations=", "kubernetes: taints to bear: key=a,operator=Exists,effect=NoSchedule;…"),
        ("annotations=", "kubernetes: further annotations: a=b,c=d"),
        ("labels=", "kubernetes: further labels: a=b,c=d"),
        ("rootless=", "kubernetes: true runs BuildKit without root's rights"),
        ("loadbalance=", "kubernetes: sticky (a context keeps its pod) or random"),
        ("qemu.install=", "kubernetes: true registers emulators on the pod's node"),
        ("qemu.image=", "kubernetes: the image that registers them"),
        ("timeout=", "kubernetes: how long a start may take, for example 5m"),
        ("servername=", "remote: the name that the engine's certificate is for"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Select(wordToComplete, s_options);
}
