using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>The objects that a builder is in a cluster, beside those that docker's buildx makes of the same options in the same stand-in of one.</summary>
public sealed partial class StandInClusterParityTests
{
    private const string Theirs = "-theirs";

    private static readonly Dictionary<string, (string Name, string Value)[]> s_options = new(StringComparer.Ordinal)
    {
        ["nothing"] = [],
        ["of the client alone"] = [("namespace", "builds"), ("loadbalance", "random"), ("timeout", "3m"), ("default-load", "true")],
        ["amounts"] =
        [
            ("replicas", "3"), ("image", "registry.example:5000/moby/buildkit:v1"),
            ("requests.cpu", "500m"), ("requests.memory", "1.5Gi"), ("requests.ephemeral-storage", "10G"),
            ("limits.cpu", "2"), ("limits.memory", "4096Mi"), ("limits.ephemeral-storage", "20Gi"),
        ],
        ["places"] =
        [
            ("nodeselector", "kubernetes.io/arch=arm64,disk=ssd"),
            ("tolerations", "key=a,value=b,operator=Equal,effect=NoSchedule;key=c,operator=Exists,effect=NoExecute,tolerationSeconds=60"),
            ("annotations", "example.com/a=1,b=2"), ("labels", "team=x,tier=build"), ("serviceaccount", "builder"), ("schedulername", "own"),
        ],
        ["rootless"] = [("rootless", "true")],
        ["rootless with an image"] = [("rootless", "true"), ("image", "moby/buildkit:master-rootless"), ("qemu.install", "true")],
        ["not rootless"] = [("rootless", "false"), ("qemu.install", "true"), ("qemu.image", "registry.example/binfmt:1")],
        ["environment and memory"] = [("env.HTTP_PROXY", "http://proxy:3128"), ("env.NO_PROXY", "a,b"), ("env.EMPTY", ""), ("buildkit-root-volume-memory", "8Gi")],
    };

    private static CancellationToken Token => ClusterFixture.Token;

    public static TheoryData<string> Cases => [.. s_options.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Objects_and_stored_builder_are_those_of_buildx(string name)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await CompareAsync(fixture, fixture.Creation(s_options[name]));
    }

    [Fact]
    public async Task Node_with_platforms_and_flags_is_that_of_buildx()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await CompareAsync(
            fixture,
            fixture.Creation() with { NodeName = "a_node", Platforms = [Platform.Parse("linux/arm64"), Platform.Parse("linux/arm/v7")], Flags = ["--debug", "--oci-worker-gc=false"] },
            "--node", "a_node", "--platform", "linux/arm64,linux/arm/v7", "--buildkitd-flags", "--debug --oci-worker-gc=false");
    }

    [Fact]
    public async Task Config_files_are_where_buildx_puts_them()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        var config = WriteConfig(fixture);
        await CompareAsync(fixture, fixture.Creation() with { ConfigFile = config }, "--buildkitd-config", config);
    }

    /// <summary>
    /// The buildx that is compared with has no claims yet. Later ones make a StatefulSet of the same pod, in which the claim's mount
    /// takes the place of all others, so that BuildKit never sees its config; here they stay.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Claim_makes_a_set_of_the_same_pods_with_their_config(bool isRootless)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        var config = WriteConfig(fixture);
        var creation = fixture.Creation(isRootless ? [("replicas", "2"), ("rootless", "true")] : [("replicas", "2")]) with { ConfigFile = config };
        await BuildxAsync(fixture, creation, ["--buildkitd-config", config]);
        var theirs = Take(fixture, o => (string?)o["kind"] == "Deployment" ? WithClaim(o, isRootless) : o);
        await new BuilderCreator(fixture.Environment).CreateAsync(
            creation with { DriverOptions = new Dictionary<string, string>(creation.DriverOptions) { ["persistent-volume-claim.requests.storage"] = "10Gi" } }, Token);
        await fixture.StartAsync();

        Assert.Equal(theirs, Take(fixture, WithOldProbes));
    }

    private static JsonObject WithClaim(JsonObject deployment, bool isRootless)
    {
        deployment["kind"] = "StatefulSet";
        var spec = deployment["spec"]!;
        (spec["serviceName"], spec["podManagementPolicy"]) = ("buildkitd", "Parallel");
        spec["volumeClaimTemplates"] = JsonNode.Parse("""
            [{"metadata": {"name": "buildkitd"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}}]
            """);
        if (!isRootless)
        {
            spec["template"]!["spec"]!["containers"]![0]!["volumeMounts"]!.AsArray().Add(JsonNode.Parse("""{"name": "buildkitd", "mountPath": "/var/lib/buildkit"}"""));
        }

        return deployment;
    }

    private static string WriteConfig(ClusterFixture fixture)
    {
        fixture.Write("ca.pem", "authority");
        return fixture.Write("b.toml", $"""
            debug = true
            [registry."r.example:5000"]
              ca = ["{fixture.Home}/ca.pem"]
            """);
    }

    private static async Task CompareAsync(ClusterFixture fixture, BuilderCreation creation, params string[] arguments)
    {
        await BuildxAsync(fixture, creation, arguments);
        var theirs = Take(fixture, o => o);
        await new BuilderCreator(fixture.Environment).CreateAsync(creation, Token);
        if (creation.NodeName is not null)
        {
            // Both nodes have the same name, and so the same objects.
            var made = fixture.Cluster.Store.Find("deployments", "default", "a-node")!;
            fixture.Cluster.Store.Remove("deployments", "default", "a-node");
            _ = fixture.Cluster.Pods.CollectAsync("default", made);
        }

        await fixture.StartAsync();
        Assert.Equal(theirs, Take(fixture, WithOldProbes));
        Assert.Equal(Stored(fixture, fixture.Name + Theirs), Stored(fixture, fixture.Name));
    }

    /// <summary>Creates the builder with docker's own client, and ends that as soon as it has made the workload: it would go on to connect.</summary>
    private static async Task BuildxAsync(ClusterFixture fixture, BuilderCreation creation, string[] arguments)
    {
        var options = creation.DriverOptions.SelectMany(o => new[] { "--driver-opt", $"\"{o.Key}={o.Value}\"" });
        var start = new ProcessStartInfo(
            TestEngines.Tool("docker"),
            ["buildx", "create", "--name", fixture.Name + Theirs, "--driver", "kubernetes", .. options, .. arguments, "--bootstrap"])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in fixture.Environment.Variables)
        {
            start.Environment[name] = value;
        }

        start.Environment["DOCKER_CONFIG"] = TestEngines.Tool("dockerConfig");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Token);
        await ClusterFixture.EventuallyAsync(() => process.HasExited || fixture.Cluster.Created.Any(o => o.ContainsKey("spec")));
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync(Token);
        Assert.True(fixture.Cluster.Created.Any(o => o.ContainsKey("spec")), await error);
    }

    /// <summary>
    /// A difference that is meant: the probes are those of later buildx than the one that is compared with, which asks only
    /// whether a pod is ready, each 10 seconds and with no patience.
    /// </summary>
    private static JsonObject WithOldProbes(JsonObject made)
    {
        if (made["spec"]?["template"]?["spec"]?["containers"]?[0] is JsonObject container)
        {
            var probe = container["readinessProbe"]!.AsObject();
            Assert.True(JsonNode.DeepEquals(probe, container["livenessProbe"]));
            Assert.Equal(
                (5, 30, 60, 3, 1),
                ((int)probe["initialDelaySeconds"]!, (int)probe["periodSeconds"]!, (int)probe["timeoutSeconds"]!, (int)probe["failureThreshold"]!, (int)probe["successThreshold"]!));
            container.Remove("livenessProbe");
            container["readinessProbe"] = new JsonObject { ["exec"] = probe["exec"]!.DeepClone() };
        }

        return made;
    }

    /// <summary>What was made since the last time, as text, with what stands for nothing left out.</summary>
    private static string Take(ClusterFixture fixture, Func<JsonObject, JsonObject> adapt)
    {
        var objects = new List<string>();
        while (fixture.Cluster.Created.TryDequeue(out var made))
        {
            objects.Add(Plain(adapt(made))!.ToJsonString(s_indented));
        }

        // buildx makes config maps, and names their mounts, in any order.
        return string.Join('\n', objects.Order(StringComparer.Ordinal)).Replace(Theirs, "", StringComparison.Ordinal);
    }

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private static JsonNode? Plain(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject item:
                var plain = new JsonObject(item.OrderBy(f => f.Key, StringComparer.Ordinal).Where(f => f.Key is not ("status" or "creationTimestamp"))
                    .Select(f => KeyValuePair.Create(f.Key, IsConfig(f.Key) ? "(laid out by whoever writes it)" : Plain(f.Value))).Where(f => f.Value is not null));
                return plain.Count == 0 ? null : plain;
            case JsonArray list:
                // buildx gives variables and mounts in any order.
                return new JsonArray([.. list.Select(Plain).OrderBy(i => i is JsonObject o ? (string?)o["name"] : "", StringComparer.Ordinal)]);
            default:
                return node is JsonValue text && text.TryGetValue(out string? value) && value.Length == 0 ? null : node?.DeepClone();
        }
    }

    private static bool IsConfig(string key) => key == "buildkitd.toml";

    private static string Stored(ClusterFixture fixture, string name)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Join(fixture.Home, "buildx", "instances", name)).Replace(Theirs, "", StringComparison.Ordinal))!;
        var node = json["Nodes"]![0]!;
        node["Endpoint"] = RandomName().Replace((string)node["Endpoint"]!, "deployment=(random)");
        if (node["Files"]?["buildkitd.toml"] is not null)
        {
            node["Files"]!["buildkitd.toml"] = "";
        }

        return json.ToJsonString(s_indented);
    }

    [GeneratedRegex(@"deployment=buildkit-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-[0-9a-z]{5}")]
    private static partial Regex RandomName();
}
