using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builders;

/// <summary>What is stored of a builder, and what is in its container, beside what docker's buildx makes of the same options.</summary>
public sealed class BuilderParityTests
{
    private const string Theirs = "-theirs";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    // What buildx is given, and the same for this module.
    private static readonly Dictionary<string, (string[] Buildx, Func<BuilderCreation, BuilderCreation> Ours)> s_cases = new(StringComparer.Ordinal)
    {
        ["nothing"] = ([], c => c),
        ["node"] = (["--node", "My-Node"], c => c with { NodeName = "My-Node" }),
        ["platforms"] = (
            ["--platform", "linux/arm64/v8,linux/arm/v7", "--platform", "linux/amd64/v2,windows/amd64"],
            c => c with { Platforms = [.. new[] { "linux/arm64/v8", "linux/arm/v7", "linux/amd64/v2", "windows/amd64" }.Select(Platform.Parse)] }),
        ["flags"] = (
            ["--buildkitd-flags", "--debug --oci-worker-gc=false '--root=/a b'"],
            c => c with { Flags = ["--debug --oci-worker-gc=false '--root=/a b'"] }),
        ["entitlement"] = (
            ["--buildkitd-flags", "--allow-insecure-entitlement security.insecure"],
            c => c with { Flags = ["--allow-insecure-entitlement", "security.insecure"] }),
        ["image"] = (["--driver-opt", "image=registry.example:5000/moby/buildkit:v1"], c => c with { DriverOptions = Options(("image", "registry.example:5000/moby/buildkit:v1")) }),
        ["default-load"] = (
            ["--driver-opt", "default-load=true,memory=1g"],
            c => c with { DriverOptions = Options(("default-load", "true"), ("memory", "1g")) }),
        ["network and environment"] = (
            ["--driver-opt", "network=host", "--driver-opt", "\"env.NO_PROXY=a,b\"", "--driver-opt", "env.X=<&>"],
            c => c with { DriverOptions = Options(("network", "host"), ("env.NO_PROXY", "a,b"), ("env.X", "<&>")) }),
        ["driver"] = (["--driver", "docker-container"], c => c with { Driver = "docker-container" }),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Stored_builder_is_what_buildx_stores(string name)
    {
        await using var fixture = new BuilderFixture("d28");
        var (buildx, ours) = s_cases[name];
        await fixture.DockerAsync(["buildx", "create", "--name", fixture.Name + Theirs, .. buildx]);
        await fixture.Creator.CreateAsync(ours(new BuilderCreation { Name = fixture.Name }), Token);

        Assert.Equal(Stored(fixture, fixture.Name + Theirs), Stored(fixture, fixture.Name));
    }

    [Fact]
    public async Task Nodes_that_join_and_leave_are_stored_as_buildx_stores_them()
    {
        await using var fixture = new BuilderFixture("d28");
        var (d20, d28c) = (TestEngines.Require("d20"), TestEngines.Require("d28c"));
        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name + Theirs, "--platform", "linux/arm64,linux/amd64");
        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name + Theirs, "--append", "--platform", "linux/arm64", "--driver-opt", "network=host", d20);
        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name + Theirs, "--append", "--node", "third", d28c);
        var nodes = new BuilderNodes(fixture.Environment);
        var one = new BuilderCreation { Name = fixture.Name };
        await fixture.Creator.CreateAsync(one with { Platforms = [Platform.Parse("linux/arm64"), Platform.Parse("linux/amd64")] }, Token);
        await nodes.AddAsync(one with { Driver = "docker-container", Platforms = [Platform.Parse("linux/arm64")], DriverOptions = Options(("network", "host")), Endpoint = d20 }, Token);
        await nodes.AddAsync(one with { Driver = "docker-container", NodeName = "third", Endpoint = d28c }, Token);
        Assert.Equal(Stored(fixture, fixture.Name + Theirs), Stored(fixture, fixture.Name));

        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name + Theirs, "--leave", "--node", fixture.Name + Theirs + "1");
        await nodes.RemoveAsync(fixture.Name, fixture.Name + "1", Token);
        Assert.Equal(Stored(fixture, fixture.Name + Theirs), Stored(fixture, fixture.Name));
    }

    [Fact]
    public async Task Remote_builder_is_stored_as_buildx_stores_it()
    {
        await using var fixture = new BuilderFixture("d28");
        (string, string)[] tls = [("cacert", TestEngines.Certificate("ca")), ("cert", TestEngines.Certificate("clientCertificate")), ("key", TestEngines.Certificate("clientKey"))];
        var address = TestEngines.RequireTcp("bkd");
        await fixture.DockerAsync(
            ["buildx", "create", "--name", fixture.Name + Theirs, "--driver", "remote", "--driver-opt", "default-load=true", .. tls.SelectMany(o => new[] { "--driver-opt", $"{o.Item1}={o.Item2}" }), address]);
        await fixture.Creator.CreateAsync(
            new BuilderCreation { Name = fixture.Name, Driver = "remote", Endpoint = address, DriverOptions = Options([("default-load", "true"), .. tls]) }, Token);

        Assert.Equal(Stored(fixture, fixture.Name + Theirs), Stored(fixture, fixture.Name));
        Assert.Contains("running", await fixture.DockerAsync("buildx", "inspect", fixture.Name), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_in_the_container_where_buildx_puts_them()
    {
        await using var fixture = new BuilderFixture("d28");
        fixture.Write("ca.pem", "authority");
        fixture.Write("k/key.pem", "key");
        fixture.Write("k/cert.pem", "certificate");
        var config = fixture.Write("b.toml", $"""
            insecure-entitlements = ["security.insecure"]
            [registry."r.example:5000"]
              ca = ["{fixture.Home}/ca.pem"]
              [[registry."r.example:5000".keypair]]
                key = "{fixture.Home}/k/key.pem"
                cert = "{fixture.Home}/k/cert.pem"
            """);
        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name + Theirs, "--buildkitd-config", config, "--bootstrap");
        await fixture.Creator.CreateAsync(new BuilderCreation { Name = fixture.Name, ConfigFile = config }, Token);
        await fixture.StartAsync();

        var theirs = await FilesAsync(fixture, fixture.Name + Theirs + "0");
        var ours = await FilesAsync(fixture, fixture.Name + "0");
        Assert.Equal(
            ["buildkit/ dir 755", "buildkit/buildkitd.toml file 644", "buildkit/certs/ dir 755"],
            theirs.Keys.Where(k => k.StartsWith("buildkit/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(3));
        Assert.Equal(theirs.Keys.Order(StringComparer.Ordinal), ours.Keys.Order(StringComparer.Ordinal));
        Assert.All(theirs.Where(f => !f.Key.Contains(".toml", StringComparison.Ordinal)), f => Assert.Equal(f.Value, ours[f.Key]));
        Assert.Equal(Stored(fixture, fixture.Name + Theirs, config: false), Stored(fixture, fixture.Name, config: false));
        await fixture.DockerAsync("buildx", "rm", fixture.Name + Theirs);
    }

    private static Dictionary<string, string> Options(params (string Name, string Value)[] options) => options.ToDictionary(o => o.Name, o => o.Value, StringComparer.Ordinal);

    // The text of a config is laid out by whoever writes it.
    private static string Stored(BuilderFixture fixture, string name, bool config = true)
    {
        var text = fixture.Read("buildx/instances/" + name).Replace(Theirs, "", StringComparison.Ordinal);
        if (config)
        {
            return text;
        }

        var json = JsonNode.Parse(text)!;
        json["Nodes"]![0]!["Files"]!["buildkitd.toml"] = "";
        return json.ToJsonString();
    }

    private static async Task<Dictionary<string, string>> FilesAsync(BuilderFixture fixture, string node)
    {
        var copy = Path.Join(fixture.Home, node);
        await fixture.DockerAsync("cp", $"buildx_buildkit_{node}:/etc/buildkit", copy);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in new DirectoryInfo(copy).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Prepend(new DirectoryInfo(copy)))
        {
            var path = "buildkit" + entry.FullName[copy.Length..];
            var isFolder = entry is DirectoryInfo;
            files[$"{path}{(isFolder ? "/" : "")} {(isFolder ? "dir" : "file")} {Convert.ToString((int)entry.UnixFileMode, 8)}"]
                = isFolder ? "" : Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(entry.FullName, Token)));
        }

        return files;
    }
}
