using System.Globalization;
using BuildxPS.Engine.Configuration;
using k8s.Models;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>How builds are spread over the pods of a node.</summary>
internal enum LoadBalance
{
    /// <summary>Builds of one context go to one pod, whose cache knows them.</summary>
    Sticky,

    /// <summary>Each build goes to any pod.</summary>
    Random,
}

/// <summary>The options of the kubernetes driver, read as buildx reads them.</summary>
internal sealed record KubernetesOptions
{
    /// <summary>The image that buildx takes for rootless engines where none is given.</summary>
    public const string RootlessImage = "moby/buildkit:buildx-stable-1-rootless";

    private const string Known =
        "image, namespace, replicas, requests.cpu, requests.memory, requests.ephemeral-storage, limits.cpu, limits.memory, "
        + "limits.ephemeral-storage, persistent-volume-claim.requests.storage, buildkit-root-volume-memory, serviceaccount, "
        + "schedulername, nodeselector, tolerations, annotations, labels, rootless, loadbalance, qemu.install, qemu.image, "
        + "env.NAME, timeout and default-load";

    /// <summary>BuildKit's image.</summary>
    public string Image { get; init; } = ContainerOptions.DefaultImage;

    /// <summary>The namespace; null for the one of the kubeconfig's context.</summary>
    public string? Namespace { get; init; }

    /// <summary>How many pods.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>What a pod asks for, by resource.</summary>
    public IReadOnlyDictionary<string, ResourceQuantity> Requests { get; init; } = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal);

    /// <summary>What a pod gets at most, by resource.</summary>
    public IReadOnlyDictionary<string, ResourceQuantity> Limits { get; init; } = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal);

    /// <summary>The size of a claim for the cache, which then outlives pods; null for none.</summary>
    public ResourceQuantity? ClaimSize { get; init; }

    /// <summary>The size of a memory file system for the cache; null for none.</summary>
    public ResourceQuantity? RootVolumeMemory { get; init; }

    /// <summary>The pods' service account; empty for the namespace's own.</summary>
    public string ServiceAccount { get; init; } = "";

    /// <summary>The scheduler; empty for the cluster's own.</summary>
    public string Scheduler { get; init; } = "";

    /// <summary>Labels of the nodes that pods may run on.</summary>
    public IReadOnlyDictionary<string, string> NodeSelector { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Taints of nodes that pods bear.</summary>
    public IReadOnlyList<V1Toleration> Tolerations { get; init; } = [];

    /// <summary>Further annotations of all objects.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Further labels of the workload and its pods.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether BuildKit runs without root's rights.</summary>
    public bool IsRootless { get; init; }

    /// <summary>How builds are spread.</summary>
    public LoadBalance LoadBalance { get; init; }

    /// <summary>Whether emulators are registered on a pod's node before BuildKit starts.</summary>
    public bool InstallsEmulators { get; init; }

    /// <summary>The image that registers them.</summary>
    public string EmulatorImage { get; init; } = "tonistiigi/binfmt:latest";

    /// <summary>Environment variables of BuildKit, in the order of their names.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>How long a start may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Whether builds without an output go into docker's images.</summary>
    public bool LoadsByDefault { get; init; }

    /// <summary>Reads the options.</summary>
    /// <param name="options">Names and values.</param>
    /// <returns>The options.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DriverOptionInvalid"/>, naming the option.</exception>
    public static KubernetesOptions Parse(IReadOnlyDictionary<string, string> options)
    {
        // As in buildx the mere presence of rootless changes the image.
        var result = new KubernetesOptions { Image = options.ContainsKey("rootless") ? RootlessImage : ContainerOptions.DefaultImage };
        foreach (var (name, value) in options.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            result = name.StartsWith("env.", StringComparison.Ordinal)
                ? result with { Environment = [.. result.Environment, name.Length > 4 ? new(name[4..], value) : throw Invalid(name, value, "a name must follow env., as in env.HTTP_PROXY=http://proxy:3128")] }
                : result.With(name, value);
        }

        return result;
    }

    private KubernetesOptions With(string name, string value) => name switch
    {
        "image" => value.Length == 0 ? this : this with { Image = ImageReference.TryParse(value, out _, out var problem) ? value : throw Invalid(name, value, problem) },
        "namespace" => this with { Namespace = value },
        "replicas" => this with { Replicas = Count(name, value) },
        // Later buildx write the ephemeral storage to the limits; that is a slip, which older ones do not make.
        "requests.cpu" or "requests.memory" or "requests.ephemeral-storage" => this with { Requests = Add(Requests, name, value) },
        "limits.cpu" or "limits.memory" or "limits.ephemeral-storage" => this with { Limits = Add(Limits, name, value) },
        "persistent-volume-claim.requests.storage" => value.Length == 0 ? this : this with { ClaimSize = Quantity(name, value) },
        "buildkit-root-volume-memory" => value.Length == 0 ? this : this with { RootVolumeMemory = Quantity(name, value) },
        "serviceaccount" => this with { ServiceAccount = value },
        "schedulername" => this with { Scheduler = value },
        "nodeselector" => this with { NodeSelector = Pairs(name, value) },
        "tolerations" => this with { Tolerations = [.. value.Split(';').Select(t => Toleration(name, t))] },
        "annotations" => this with { Annotations = Pairs(name, value, KubernetesObjects.PlatformAnnotation) },
        "labels" => this with { Labels = Pairs(name, value, KubernetesObjects.AppLabel) },
        "rootless" => this with { IsRootless = Boolean(name, value) },
        "loadbalance" => this with
        {
            LoadBalance = value switch
            {
                "sticky" => LoadBalance.Sticky,
                "random" => LoadBalance.Random,
                _ => throw Invalid(name, value, "it is neither sticky nor random"),
            },
        },
        "qemu.install" => this with { InstallsEmulators = Boolean(name, value) },
        "qemu.image" => value.Length == 0 ? this : this with { EmulatorImage = value },
        "timeout" => this with { Timeout = GoText.Duration(value) ?? throw Invalid(name, value, "it is not a duration such as 90s or 2m30s") },
        "default-load" => this with { LoadsByDefault = Boolean(name, value) },
        _ => throw Invalid(name, value, "the driver kubernetes has no such option"),
    };

    private static Dictionary<string, ResourceQuantity> Add(IReadOnlyDictionary<string, ResourceQuantity> amounts, string name, string value)
        => new(amounts, StringComparer.Ordinal) { [name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]] = Quantity(name, value) };

    private static ResourceQuantity Quantity(string name, string value)
    {
        try
        {
            var quantity = new ResourceQuantity(value);
            quantity.ToDecimal();
            return quantity;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
            throw Invalid(name, value, "it is not an amount such as 500m, 2 or 4Gi");
        }
    }

    private static int Count(string name, string value)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : throw Invalid(name, value, "it is not a number of pods");

    private static bool Boolean(string name, string value) => GoText.Boolean(value) ?? throw Invalid(name, value, "it is neither true nor false");

    private static Dictionary<string, string> Pairs(string name, string value, string? reserved = null)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in value.Trim('"').Split(','))
        {
            if (pair.Split('=') is not [var key, var text])
            {
                throw Invalid(name, value, $"'{pair}' is not a pair of the form key=value");
            }

            pairs[key] = key != reserved ? text : throw Invalid(name, value, $"{key} is set by the driver itself");
        }

        return pairs;
    }

    private static V1Toleration Toleration(string name, string text)
    {
        var toleration = new V1Toleration();
        foreach (var pair in text.Trim('"').Split(',').Select(p => p.Split('=')).Where(p => p.Length == 2))
        {
            switch (pair[0])
            {
                case "key":
                    toleration.Key = pair[1];
                    break;
                case "operator":
                    toleration.OperatorProperty = pair[1];
                    break;
                case "value":
                    toleration.Value = pair[1];
                    break;
                case "effect":
                    toleration.Effect = pair[1];
                    break;
                case "tolerationSeconds":
                    toleration.TolerationSeconds = long.TryParse(pair[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
                        ? seconds
                        : throw Invalid(name, text, "tolerationSeconds is not a number");
                    break;
                default:
                    throw Invalid(name, text, $"'{pair[0]}' is none of key, operator, value, effect and tolerationSeconds");
            }
        }

        return toleration;
    }

    private static BuildxException Invalid(string name, string value, string reason) => new(
        BuildxFailure.DriverOptionInvalid,
        $"The driver option {DisplayText.Line(name)}={DisplayText.Line(value)} is not valid: {DisplayText.Line(reason)}.",
        $"The options of the driver kubernetes are {Known}.");
}
