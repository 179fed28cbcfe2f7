using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>What kubernetes takes as an object: known fields of their types, with the required ones (<c>!</c>), and names in their forms.</summary>
internal static partial class StandInSchema
{
    /// <summary>
    /// By type the fields: name, type, whether it must be there, and its number in protobuf (of a message in a message behind a dot),
    /// as in kubernetes' generated.proto.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, StandInField[]> Types = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Deployment"] = "apiVersion!:string kind!:string metadata!:Meta=1 spec!:DeploymentSpec=2 status:Empty",
        ["StatefulSet"] = "apiVersion!:string kind!:string metadata!:Meta=1 spec!:StatefulSetSpec=2 status:StatefulSetStatus",
        ["StatefulSetStatus"] = "replicas:int availableReplicas:int",
        ["ConfigMap"] = "apiVersion!:string kind!:string metadata!:Meta=1 data:map=2",
        ["SelfSubjectAccessReview"] = "apiVersion!:string kind!:string metadata:Empty spec!:ReviewSpec",
        ["ReviewSpec"] = "resourceAttributes!:ReviewResource",
        ["ReviewResource"] = "namespace!:string verb!:string group:string resource!:string subresource:string",
        ["Scale"] = "spec!:ScaleSpec",
        ["ScaleSpec"] = "replicas!:int",
        ["Empty"] = "",
        ["Meta"] = "name!:string=1 namespace:string=3 labels:map=11 annotations:map=12 creationTimestamp:string",
        ["TemplateMeta"] = "labels!:map=11 annotations:map=12 creationTimestamp:string",
        ["DeploymentSpec"] = "replicas:int=1 selector!:Selector=2 template!:Template=3 strategy:Empty",
        ["StatefulSetSpec"] = "replicas:int=1 selector!:Selector=2 template!:Template=3 volumeClaimTemplates:[Claim]=4 serviceName:string=5 podManagementPolicy:string=6 updateStrategy:Empty",
        ["Selector"] = "matchLabels!:map=1",
        ["Claim"] = "apiVersion:string kind:string metadata!:Meta=1 spec!:ClaimSpec=2 status:Empty",
        ["ClaimSpec"] = "accessModes!:[string]=1 resources!:Resources=2",
        ["Template"] = "metadata!:TemplateMeta=1 spec!:PodSpec=2",
        ["PodSpec"] = "volumes:[Volume]=1 containers!:[Container]=2 nodeSelector:map=7 serviceAccountName:string=8 schedulerName:string=19 initContainers:[Container]=20 tolerations:[Toleration]=22",
        ["Toleration"] = "key:string=1 operator:string=2 value:string=3 effect:string=4 tolerationSeconds:int=5",
        ["Container"] = "name!:string=1 image!:string=2 args:[string]=4 env:[Variable]=7 resources:Resources=8 volumeMounts:[Mount]=9 livenessProbe:Probe=10 readinessProbe:Probe=11 securityContext:Security=15",
        ["Variable"] = "name!:string=1 value:string=2",
        ["Security"] = "privileged:bool=2 seccompProfile:Seccomp=11",
        ["Seccomp"] = "type!:string=1",
        ["Probe"] = "exec!:Exec=1.1 initialDelaySeconds:int=2 timeoutSeconds:int=3 periodSeconds:int=4 successThreshold:int=5 failureThreshold:int=6",
        ["Exec"] = "command!:[string]=1",
        ["Resources"] = "limits:amounts=1 requests:amounts=2",
        ["Mount"] = "name!:string=1 mountPath!:string=3",
        ["Volume"] = "name!:string=1 emptyDir:EmptyVolume=2.2 configMap:MapVolume=2.19",
        ["MapVolume"] = "name!:string=1.1",
        ["EmptyVolume"] = "medium:string=1 sizeLimit:amount=2",
    }.ToDictionary(
        t => t.Key,
        t => t.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(f => f.Split(':', '=')).Select(f => new StandInField(f[0].TrimEnd('!'), f[1], f[0][^1] == '!', f.ElementAtOrDefault(2))).ToArray(),
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
        else if (Types.TryGetValue(type, out var fields))
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

    private static void Fields(StandInField[] fields, string path, JsonObject item)
    {
        // Null is what clients write for nothing.
        foreach (var (key, value) in item.Where(f => f.Value is not null))
        {
            var field = Array.Find(fields, f => f.Name == key) ?? throw StandInRefusal.Bad($"strict decoding error: unknown field \"{path}.{key}\"");
            Value(field.Type, $"{path}.{key}", value);
        }

        if (Array.Find(fields, f => f.IsRequired && item[f.Name] is null) is { } missing)
        {
            throw new StandInRefusal(422, "Invalid", $"{path}.{missing.Name}: Required value");
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

/// <summary>A field of an object.</summary>
internal sealed record StandInField(string Name, string Type, bool IsRequired, string? Number);
