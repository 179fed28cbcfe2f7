using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes the names of a driver's options.</summary>
internal sealed class DriverOptionCompleter : IArgumentCompleter
{
    private static readonly (string Value, string ToolTip, string Drivers)[] s_options =
    [
        ("image=", "The BuildKit image; without it moby/buildkit:buildx-stable-1", "docker-container kubernetes"),
        ("network=", "The container's network, for example host", "docker-container"),
        ("env.", "An environment variable of BuildKit: env.NAME=value", "docker-container kubernetes"),
        ("default-load=", "true: builds without an output go into docker's images", "docker-container kubernetes remote"),
        ("memory=", "Most memory, for example 2g", "docker-container"),
        ("memory-swap=", "Most memory and swap together; -1 for no limit", "docker-container"),
        ("cpu-quota=", "Processor time in each period, in microseconds", "docker-container"),
        ("cpu-period=", "The period's length, in microseconds", "docker-container"),
        ("cpu-shares=", "Weight among other containers", "docker-container"),
        ("cpuset-cpus=", "Processors to run on, for example 0-3", "docker-container"),
        ("cpuset-mems=", "Memory nodes to use", "docker-container"),
        ("cgroup-parent=", "The control group above the container's", "docker-container"),
        ("restart-policy=", "no, always, unless-stopped or on-failure[:COUNT]", "docker-container"),
        ("provenance-add-gha=", "false: GitHub Actions' run is left out of provenance", "docker-container"),
        ("allow-untrusted-image=", "true: the image's signature is not looked at", "docker-container"),
        ("cacert=", "File with the authority of the engine's certificate", "remote"),
        ("cert=", "File with the certificate that is shown to the engine", "remote"),
        ("key=", "File with that certificate's key", "remote"),
        ("namespace=", "The namespace of the pods", "kubernetes"),
        ("replicas=", "How many pods", "kubernetes"),
        ("requests.cpu=", "Processors that a pod asks for, for example 500m", "kubernetes"),
        ("requests.memory=", "Memory that a pod asks for, for example 4Gi", "kubernetes"),
        ("requests.ephemeral-storage=", "Disk that a pod gets at most, as buildx means it", "kubernetes"),
        ("limits.cpu=", "Processors that a pod gets at most", "kubernetes"),
        ("limits.memory=", "Memory that a pod gets at most", "kubernetes"),
        ("limits.ephemeral-storage=", "Disk that a pod gets at most", "kubernetes"),
        ("persistent-volume-claim.requests.storage=", "Size of a claim for the cache, which then outlives pods", "kubernetes"),
        ("buildkit-root-volume-memory=", "Size of a memory file system for the cache", "kubernetes"),
        ("serviceaccount=", "The pods' service account", "kubernetes"),
        ("schedulername=", "The scheduler", "kubernetes"),
        ("nodeselector=", "Labels of the nodes to run on: kubernetes.io/arch=arm64", "kubernetes"),
        ("tolerations=", "Taints to bear: key=a,operator=Exists,effect=NoSchedule;…", "kubernetes"),
        ("annotations=", "Further annotations: a=b,c=d", "kubernetes"),
        ("labels=", "Further labels: a=b,c=d", "kubernetes"),
        ("rootless=", "true runs BuildKit without root's rights", "kubernetes"),
        ("loadbalance=", "sticky (a context keeps its pod) or random", "kubernetes"),
        ("qemu.install=", "true registers emulators on the pod's node", "kubernetes"),
        ("qemu.image=", "The image that registers them", "kubernetes"),
        ("timeout=", "How long a start may take, for example 5m", "kubernetes"),
        ("servername=", "The name that the engine's certificate is for", "remote"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() =>
        {
            var driver = Completions.Try<string?>(() => [DriverOf(commandName, fakeBoundParameters)], [null])[0];
            return Completions.Select(wordToComplete, s_options.Where(o => driver is null || o.Drivers.Split(' ').Contains(driver)).Select(o => (o.Value, o.ToolTip)));
        });

    /// <summary>The driver that the options are for; null where it is not known.</summary>
    private static string? DriverOf(string command, IDictionary parameters)
    {
        if (parameters["Driver"] is { } driver)
        {
            return driver.ToString();
        }

        if (command == "New-BuildxBuilder")
        {
            return parameters["Endpoint"]?.ToString() is { } endpoint && endpoint.Contains("://", StringComparison.Ordinal) ? "remote" : "docker-container";
        }

        return LocalBuilders.Find((parameters["Builder"] ?? parameters["Name"])?.ToString())?.Driver;
    }
}
