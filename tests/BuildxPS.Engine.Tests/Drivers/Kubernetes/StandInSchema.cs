using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>What kubernetes takes as an object: known fields of their types, with the required ones (<c>!</c>), and names in their forms.</summary>
internal static partial class StandInSchema
{
    private static readonly Dictionary<string, Dictionary<string, string>> s_types = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Deployment"] = "apiVersion!:string kind!:string metadata!:Meta spec!:DeploymentSpec status:Empty",
        ["StatefulSet"] = "apiVersion!:string kind!:string metadata!:Meta spec!:StatefulSetSpec status:StatefulSetStatus",
        ["StatefulSetStatus"] = "replicas:int availableReplicas:int",
        ["ConfigMap"] = "apiVersion!:string kind!:string metadata!:Meta data:map",
        ["SelfSubjectAccessReview"] = "apiVersion!:string kind!:string metadata:Empty spec!:ReviewSpec",
        ["ReviewSpec"] = "resourceAttributes!:ReviewResource",
        ["ReviewResource"] = "namespace!:string verb!:string group:string resource!:string subresource:string",
        ["Scale"] = "spec!:ScaleSpec",
        ["ScaleSpec"] = "replicas!:int",
        ["Empty"] = "",
        ["Meta"] = "name!:string namespace:string labels:map annotations:map creationTimestamp:string",
        ["TemplateMeta"] = "labels!:map annotations:map creationTimestamp:string",
        ["DeploymentSpec"] = "replicas:int selector!:Selector template!:Template strategy:Empty",
        ["StatefulSetSpec"] = "replicas:int selector!:Selector template!:Template serviceName:string podManagementPolicy:string updateStrategy:Empty volumeClaimTemplates:[Claim]",
        ["Selector"] = "matchLabels!:map",
        ["Claim"] = "apiVersion:string kind:string metadata!:Meta spec!:ClaimSpec status:Empty",
        ["ClaimSpec"] = "accessModes!:[string] resources!:Resources",
        ["Template"] = "metadata!:TemplateMeta spec!:PodSpec",
        ["PodSpec"] = "serviceAccountName:string schedulerName:string nodeSelector:map tolerations:[Toleration] initContainers:[Container] containers!:[Container] volumes:[Volume]",
        ["Toleration"] = "key:string operator:string value:string effect:string tolerationSeconds:int",
        ["Container"] = "name!:string image!:string args:[string] env:[Variable] securityContext:Security readinessProbe:Probe livenessProbe:Probe resources:Resources volumeMounts:[Mount]",
        ["Variable"] = "name!:string value:string",
        ["Security"] = "privileged:bool seccompProfile:Seccomp",
        ["Seccomp"] = "type!:string",
        ["Probe"] = "exec!:Exec initialDelaySeconds:int periodSeconds:int timeoutSeconds:int failureThreshold:int successThreshold:int",
        ["Exec"] = "command!:[string]",
        ["Resources"] = "requests:amounts limits:amounts",
        ["Mount"] = "name!:string mountPath!:string",
        ["Volume"] = "name!:string configMap:MapVolume emptyDir:EmptyVolume",
        ["MapVolume"] = "name!:string",
        ["EmptyVolume"] = "medium:string sizeLimit:amount",
    }.ToDictionary(
        t => t.Key,
        t => t.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(f => f.Split(':')).ToDictionary(f => f[0], f => f[1], StringComparer.Ordinal),
        StringComparer.Ordinal);

    /// <summary>Checks an object that is to be made or put in another's place.</summary>
    public static void Check(string kind, string version, JsonObject item)
    {
        var name = (string?)item["metadata"]?["name"] ?? "";
        Value(kind, kind, item);
        Require((string?)item["kind"] == kind && (string?)item["apiVersion"] == version, kind, name, $"it is no {kind} of {version}");
        if (kind == "SelfSubjectAccessReview")
        {
            return;
        }

        Require(name.Length is > 0 and <= 253 && Subdomain().IsMatch(name), kind, name, $"metadata.name: Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'");
        Labels(kind, name, item["metadata"]!["labels"]);
        if (kind is "Deployment" or "StatefulSet")
        {
            Workload(kind, name, item["spec"]!);
        }
    }

    /// <summary>Checks the body of a change of the number of pods.</summary>
    public static int CheckScale(JsonObject body)
    {
        Value("Scale", "Scale", body);
        return (int)body["spec"]!["replicas"]!;
    }

    private static void Workload(string kind, string name, JsonNode spec)
    {
        var (labels, template) = (spec["selector"]!["matchLabels"]!.AsObject(), spec["template"]!["metadata"]!["labels"]!.AsObject());
        Labels(kind, name, template);
        Require(labels.Count > 0 && labels.All(l => (string?)template[l.Key] == (string?)l.Value), kind, name, "spec.template.metadata.labels: `selector` does not match template `labels`");
        Require((int?)spec["replicas"] is not < 0, kind, name, "spec.replicas: must be greater than or equal to 0");
        var pod = spec["template"]!["spec"]!;
        var volumes = (pod["volumes"]?.AsArray() ?? []).Select(v => (string)v!["name"]!).ToList();
        var claims = (spec["volumeClaimTemplates"]?.AsArray() ?? []).Select(c => (string)c!["metadata"]!["name"]!).ToList();
        Require(volumes.Distinct().Count() == volumes.Count, kind, name, "spec.template.spec.volumes: Duplicate value");
        foreach (var container in (pod["initContainers"]?.AsArray() ?? []).Concat(pod["containers"]!.AsArray()).Select(c => c!))
        {
            Require(Label().IsMatch((string)container["name"]!), kind, name, "spec.template.spec.containers.name");
            var mounts = (container["volumeMounts"]?.AsArray() ?? []).Select(m => (Name: (string)m!["name"]!, Path: (string)m["mountPath"]!)).ToList();
            Require(mounts.All(m => volumes.Contains(m.Name) || claims.Contains(m.Name)), kind, name, "spec.template.spec.containers.volumeMounts.name: Not found");
            Require(mounts.Select(m => m.Path).Distinct().Count() == mounts.Count, kind, name, "spec.template.spec.containers.volumeMounts.mountPath: must be unique");
        }

        Require(volumes.Concat(claims).All(v => v.Length <= 63 && Label().IsMatch(v)), kind, name, "spec.template.spec.volumes.name: a lowercase RFC 1123 label");
        Require(pod["containers"]!.AsArray().Count > 0, kind, name, "spec.template.spec.containers: Required value");
    }

    private static void Labels(string kind, string name, JsonNode? labels)
    {
        foreach (var (key, value) in labels?.AsObject() ?? [])
        {
            Require(((string)value!).Length <= 63 && LabelValue().IsMatch((string)value!), kind, name, $"metadata.labels: Invalid value: \"{value}\" of {key}");
        }
    }

    private static void Value(string type, string path, JsonNode? value)
    {
        if (type[0] == '[')
        {
            foreach (var item in As<JsonArray>(path, value))
            {
                Value(type[1..^1], path + "[]", item);
            }
        }
        else if (s_types.TryGetValue(type, out var fields))
        {
            Fields(fields, path, As<JsonObject>(path, value));
        }
        else if (type is "map" or "amounts")
        {
            foreach (var (key, item) in As<JsonObject>(path, value))
            {
                Value(type == "map" ? "string" : "amount", $"{path}.{key}", item);
            }
        }
        else
        {
            var kind = value?.GetValueKind();
            var isRight = type switch
            {
                "string" => kind == JsonValueKind.String,
                "int" => kind == JsonValueKind.Number && value!.AsValue().TryGetValue<long>(out _),
                "bool" => kind is JsonValueKind.True or JsonValueKind.False,
                "amount" => kind == JsonValueKind.String && Amount().IsMatch((string)value!),
                _ => throw new InvalidOperationException(type),
            };
            _ = isRight ? true : throw StandInRefusal.Bad($"{path}: {value?.ToJsonString()} is no {type}");
        }
    }

    private static void Fields(Dictionary<string, string> fields, string path, JsonObject item)
    {
        // Null is what clients write for nothing.
        foreach (var (key, value) in item.Where(f => f.Value is not null))
        {
            var type = fields.GetValueOrDefault(key) ?? fields.GetValueOrDefault(key + "!") ?? throw StandInRefusal.Bad($"strict decoding error: unknown field \"{path}.{key}\"");
            Value(type, $"{path}.{key}", value);
        }

        if (fields.Keys.FirstOrDefault(f => f[^1] == '!' && item[f[..^1]] is null) is { } missing)
        {
            throw new StandInRefusal(422, "Invalid", $"{path}.{missing[..^1]}: Required value");
        }
    }

    private static T As<T>(string path, JsonNode? value)
        where T : JsonNode
        => value as T ?? throw StandInRefusal.Bad($"{path}: {value?.ToJsonString()} is no {typeof(T).Name}");

    private static void Require(bool condition, string kind, string name, string message)
    {
        if (!condition)
        {
            throw StandInRefusal.Invalid(kind, name, message);
        }
    }

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex(@"\A(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\z")]
    private static partial Regex LabelValue();

    [GeneratedRegex(@"\A[+-]?[0-9.]+(m|k|M|G|T|Ki|Mi|Gi|Ti|e[0-9]+)?\z")]
    private static partial Regex Amount();
}
