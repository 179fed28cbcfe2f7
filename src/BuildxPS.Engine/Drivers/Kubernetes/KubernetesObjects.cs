using System.Text;
using k8s.Models;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>
/// What a node is in a cluster: a Deployment, or a StatefulSet where its cache has a claim, and a ConfigMap for each folder
/// of its config. As buildx makes them, field by field; nothing is contacted.
/// </summary>
internal sealed record KubernetesObjects
{
    /// <summary>The annotation that holds the platforms that the user assigned.</summary>
    public const string PlatformAnnotation = "buildx.docker.com/platform";

    /// <summary>The label by which the pods are found.</summary>
    public const string AppLabel = "app";

    /// <summary>The container that BuildKit runs in.</summary>
    public const string ContainerName = "buildkitd";

    private const string StateFolder = "/var/lib/buildkit";
    private const string RootlessStateFolder = "/home/user/.local/share/buildkit";
    private const string MemoryVolume = "buildkit-memory";
    private const string StateVolume = "buildkitd";

    private static readonly string[] s_question = ["buildctl", "debug", "workers"];

    /// <summary>The workload's name.</summary>
    public required string Name { get; init; }

    /// <summary>The workload; null where <see cref="StatefulSet"/> is it.</summary>
    public V1Deployment? Deployment { get; init; }

    /// <summary>The workload of a node whose cache has a claim; null where <see cref="Deployment"/> is it.</summary>
    public V1StatefulSet? StatefulSet { get; init; }

    /// <summary>The config files, a map for each folder.</summary>
    public required IReadOnlyList<V1ConfigMap> ConfigMaps { get; init; }

    /// <summary>Finds the node's pods, in the form that the API takes.</summary>
    public required string Selector { get; init; }

    /// <summary>The workload's resource, as roles name it.</summary>
    public string Resource => Deployment is null ? "statefulsets.apps" : "deployments.apps";

    /// <summary>How many pods there are to be.</summary>
    public required int Replicas { get; init; }

    /// <summary>The name of a node's objects: what kubernetes allows of the node's name.</summary>
    /// <param name="node">The node's name.</param>
    /// <returns>The name.</returns>
    public static string NameOf(string node) => node.Replace('_', '-');

    /// <summary>Describes a node.</summary>
    /// <param name="node">What it is to be.</param>
    /// <returns>Its objects.</returns>
    public static KubernetesObjects Create(KubernetesNode node)
    {
        var options = node.Options;
        var name = NameOf(node.Name);
        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { [AppLabel] = name };
        foreach (var (key, value) in options.Labels)
        {
            labels[key] = value;
        }

        var annotations = new Dictionary<string, string>(options.Annotations, StringComparer.Ordinal);
        if (node.Platforms.Count > 0)
        {
            annotations[PlatformAnnotation] = string.Join(',', node.Platforms);
        }

        if (options.IsRootless)
        {
            // Only pods need it; buildx writes it on all objects.
            annotations["container.apparmor.security.beta.kubernetes.io/" + ContainerName] = "unconfined";
        }

        var maps = SplitFiles(node.Files).Select(f => (f.Volume, f.Folder, Map: Map($"{name}-{f.Volume}", annotations, f.Files))).ToList();
        var template = Template(node, labels, annotations, maps.Select(m => (m.Volume, m.Folder, m.Map.Metadata.Name)));
        var metadata = new V1ObjectMeta { Name = name, Labels = labels, Annotations = Given(annotations) };
        var selector = new V1LabelSelector { MatchLabels = labels };
        return new KubernetesObjects
        {
            Name = name,
            Deployment = options.ClaimSize is not null ? null : new V1Deployment
            {
                ApiVersion = "apps/v1",
                Kind = "Deployment",
                Metadata = metadata,
                Spec = new V1DeploymentSpec { Replicas = options.Replicas, Selector = selector, Template = template, Strategy = new V1DeploymentStrategy() },
            },
            StatefulSet = options.ClaimSize is not { } size ? null : new V1StatefulSet
            {
                ApiVersion = "apps/v1",
                Kind = "StatefulSet",
                Metadata = metadata,
                Spec = Persistent(options, selector, template, size),
            },
            ConfigMaps = [.. maps.Select(m => m.Map)],
            Selector = string.Join(',', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}")),
            Replicas = options.Replicas,
        };
    }

    private static V1PodTemplateSpec Template(
        KubernetesNode node, Dictionary<string, string> labels, Dictionary<string, string> annotations, IEnumerable<(string Volume, string Folder, string Map)> maps)
    {
        var options = node.Options;
        var volumes = new List<V1Volume>();
        var mounts = new List<V1VolumeMount>();
        foreach (var (volume, folder, map) in maps)
        {
            volumes.Add(new V1Volume { Name = volume, ConfigMap = new V1ConfigMapVolumeSource { Name = map } });
            mounts.Add(new V1VolumeMount { Name = volume, MountPath = folder.Length == 0 ? "/etc/buildkit" : "/etc/buildkit/" + folder });
        }

        if (options.IsRootless)
        {
            volumes.Add(new V1Volume { Name = StateVolume, EmptyDir = new V1EmptyDirVolumeSource { Medium = options.RootVolumeMemory is null ? null : "Memory", SizeLimit = options.RootVolumeMemory } });
            mounts.Add(new V1VolumeMount { Name = StateVolume, MountPath = RootlessStateFolder });
        }
        else if (options.RootVolumeMemory is { } memory)
        {
            volumes.Add(new V1Volume { Name = MemoryVolume, EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory", SizeLimit = memory } });
            mounts.Add(new V1VolumeMount { Name = MemoryVolume, MountPath = StateFolder });
        }

        return new V1PodTemplateSpec
        {
            Metadata = new V1ObjectMeta { Labels = labels, Annotations = Given(annotations) },
            Spec = new V1PodSpec
            {
                ServiceAccountName = Given(options.ServiceAccount),
                SchedulerName = Given(options.Scheduler),
                NodeSelector = options.NodeSelector.Count == 0 ? null : options.NodeSelector.ToDictionary(),
                Tolerations = options.Tolerations.Count == 0 ? null : [.. options.Tolerations],
                InitContainers = options.InstallsEmulators ? [Emulators(options)] : null,
                Containers = [BuildKit(node, mounts)],
                Volumes = volumes.Count == 0 ? null : volumes,
            },
        };
    }

    private static V1Container BuildKit(KubernetesNode node, List<V1VolumeMount> mounts)
    {
        var options = node.Options;
        List<string> arguments = options.IsRootless ? [.. node.Flags, "--oci-worker-no-process-sandbox"] : [.. node.Flags];
        return new V1Container
        {
            Name = ContainerName,
            Image = options.Image,
            Args = arguments.Count == 0 ? null : arguments,
            Env = options.Environment.Count == 0 ? null : [.. options.Environment.Select(e => new V1EnvVar { Name = e.Key, Value = e.Value })],
            SecurityContext = options.IsRootless
                ? new V1SecurityContext { SeccompProfile = new V1SeccompProfile { Type = "Unconfined" } }
                : new V1SecurityContext { Privileged = true },
            ReadinessProbe = Probe(),
            LivenessProbe = Probe(),
            Resources = new V1ResourceRequirements
            {
                Requests = options.Requests.Count == 0 ? null : options.Requests.ToDictionary(),
                Limits = options.Limits.Count == 0 ? null : options.Limits.ToDictionary(),
            },
            VolumeMounts = mounts.Count == 0 ? null : mounts,
        };
    }

    private static V1Probe Probe() => new()
    {
        Exec = new V1ExecAction { Command = s_question },
        InitialDelaySeconds = 5,
        PeriodSeconds = 30,
        TimeoutSeconds = 60,
        FailureThreshold = 3,
        SuccessThreshold = 1,
    };

    private static V1Container Emulators(KubernetesOptions options) => new()
    {
        Name = "qemu",
        Image = options.EmulatorImage,
        Args = ["--install", "all"],
        SecurityContext = new V1SecurityContext { Privileged = true },
        Resources = new V1ResourceRequirements(),
    };

    private static V1StatefulSetSpec Persistent(KubernetesOptions options, V1LabelSelector selector, V1PodTemplateSpec template, ResourceQuantity size)
    {
        // Unlike buildx, which puts the claim in the place of all other mounts and so loses the config.
        if (!options.IsRootless)
        {
            var container = template.Spec.Containers[0];
            container.VolumeMounts = [.. (container.VolumeMounts ?? []).Where(m => m.MountPath != StateFolder), new V1VolumeMount { Name = StateVolume, MountPath = StateFolder }];
        }

        return new V1StatefulSetSpec
        {
            ServiceName = "buildkitd",
            PodManagementPolicy = "Parallel",
            Replicas = options.Replicas,
            Selector = selector,
            Template = template,
            UpdateStrategy = new V1StatefulSetUpdateStrategy(),
            VolumeClaimTemplates =
            [
                new V1PersistentVolumeClaim
                {
                    Metadata = new V1ObjectMeta { Name = StateVolume },
                    Spec = new V1PersistentVolumeClaimSpec
                    {
                        AccessModes = ["ReadWriteOnce"],
                        Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["storage"] = size } },
                    },
                },
            ],
        };
    }

    /// <summary>A map's keys cannot have folders, so that each folder is a map of its own.</summary>
    private static IEnumerable<(string Volume, string Folder, Dictionary<string, string> Files)> SplitFiles(IReadOnlyDictionary<string, byte[]> files)
    {
        var folders = files.OrderBy(f => f.Key, StringComparer.Ordinal).GroupBy(f => f.Key.LastIndexOf('/') is > 0 and var end ? f.Key[..end] : "", StringComparer.Ordinal).ToList();
        var number = 0;
        foreach (var folder in folders)
        {
            var volume = folder.Key.Length == 0 ? "config" : FormattableString.Invariant($"config-{++number}");
            yield return (volume, folder.Key, folder.ToDictionary(f => f.Key[(f.Key.LastIndexOf('/') + 1)..], f => Encoding.UTF8.GetString(f.Value), StringComparer.Ordinal));
        }
    }

    private static V1ConfigMap Map(string name, Dictionary<string, string> annotations, Dictionary<string, string> files) => new()
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = new V1ObjectMeta { Name = name, Annotations = Given(annotations) },
        Data = files,
    };

    private static string? Given(string text) => text.Length == 0 ? null : text;

    private static Dictionary<string, string>? Given(Dictionary<string, string> pairs) => pairs.Count == 0 ? null : pairs;
}
