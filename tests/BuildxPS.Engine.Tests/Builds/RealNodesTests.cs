using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Builders of several nodes, and remote ones, on real engines.</summary>
public sealed class RealNodesTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    private readonly TemporaryFolder _home = new();
    private readonly string _name = "bxn-" + Guid.NewGuid().ToString("n")[..10];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Context => Path.Join(_home.Path, "context");

    private ClientEnvironment Environment => new()
    {
        HomeDirectory = _home.Path,
        Variables = new Dictionary<string, string>
        {
            ["DOCKER_CONFIG"] = _home.Path,
            ["BUILDX_CONFIG"] = Path.Join(_home.Path, "buildx"),
            ["DOCKER_HOST"] = TestEngines.Require("d28"),
        },
    };

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Two_containers_build_their_platforms_and_push_one_index()
    {
        var plain = TestEngines.Registry("plain");
        var config = $"[registry.\"{plain}\"]\n  http = true\n[registry.\"docker.io\"]\n  mirrors = [\"{plain}\"]\n";
        var node = new BuilderCreation
        {
            Name = _name,
            Driver = "docker-container",
            DriverOptions = new Dictionary<string, string> { ["network"] = "host" },
            ConfigText = config,
        };
        try
        {
            await new BuilderCreator(Environment).CreateAsync(node with { Endpoint = TestEngines.Require("d28"), Platforms = [Platform.Parse("linux/amd64")] }, Token);
            await new BuilderNodes(Environment).AddAsync(node with { Endpoint = TestEngines.Require("d20"), Platforms = [Platform.Parse("linux/arm64")] }, Token);
            var repository = $"{plain}/nodes/{Guid.NewGuid():N}";
            var (result, events) = await BuildAsync(new BuildRequest
            {
                ContextPath = WriteContext("FROM alpine\nRUN uname -m > /machine\nCOPY a.txt /\n"),
                Tags = [ImageReference.Parse(repository + ":1"), ImageReference.Parse(repository + ":2")],
                Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
                Push = true,
                Builder = new BuilderSelection { Name = _name },
            });

            Assert.Equal([$"{_name}0: linux/amd64", $"{_name}1: linux/arm64"], result.Nodes.Select(n => n.ToString()));
            Assert.All(result.Nodes, n => Assert.Contains("assigned", n.Reason, StringComparison.Ordinal));
            Assert.Contains(result.Steps, s => s.Node == _name + "0" && s.Name.Contains("uname", StringComparison.Ordinal));
            Assert.Contains(result.Steps, s => s.Node == _name + "1" && s.Name.Contains("uname", StringComparison.Ordinal));
            Assert.Contains(events.OfType<VertexChanged>(), v => v.Name.StartsWith($"[{_name}1 ", StringComparison.Ordinal));
            Assert.Equal(["linux/amd64", "linux/arm64"], result.PlatformImages!.Select(i => i.Platform.ToString()));
            foreach (var tag in (string[])["1", "2"])
            {
                var raw = await PushFixture.SkopeoAsync("inspect", "--raw", "--tls-verify=false", $"docker://{repository}:{tag}");
                Assert.Equal(result.Digest, "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(raw)));
            }

            using var client = new RegistryClient(new RegistryClientOptions { Environment = Environment });
            var index = Assert.IsType<ImageIndex>(await new Engine.Images.ImageInspector(client).InspectAsync(ImageReference.Parse(repository + ":1"), Token));
            Assert.Equal(2, index.Platforms.Count);
            Assert.Equal(2, index.Manifests.Count(m => m.IsAttestation));
        }
        finally
        {
            await RemoveContainersAsync();
        }
    }

    [Fact]
    public async Task A_remote_engine_over_a_socket_and_over_TLS_builds_parts_of_one_tree()
    {
        await new BuilderCreator(Environment).CreateAsync(
            new BuilderCreation { Name = _name, Endpoint = TestEngines.Require("bkd"), Platforms = [Platform.Parse("linux/amd64")] }, Token);
        await new BuilderNodes(Environment).AddAsync(
            new BuilderCreation
            {
                Name = _name,
                Endpoint = TestEngines.RequireTcp("bkd"),
                Platforms = [Platform.Parse("linux/arm64")],
                DriverOptions = new Dictionary<string, string>
                {
                    ["cacert"] = TestEngines.Certificate("ca"),
                    ["cert"] = TestEngines.Certificate("clientCertificate"),
                    ["key"] = TestEngines.Certificate("clientKey"),
                },
            },
            Token);
        var destination = Path.Join(_home.Path, "out");
        var (result, _) = await BuildAsync(new BuildRequest
        {
            ContextPath = WriteContext("FROM scratch\nCOPY a.txt /\n"),
            Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
            Outputs = [OutputSpec.Parse($"type=local,dest={destination}")],
            Builder = new BuilderSelection { Name = _name },
        });

        Assert.Equal(2, result.Nodes.Count);
        Assert.Equal("some text\n", await File.ReadAllTextAsync(Path.Join(destination, "linux_amd64", "a.txt"), Token));
        Assert.Equal("some text\n", await File.ReadAllTextAsync(Path.Join(destination, "linux_arm64", "a.txt"), Token));

        var archive = Path.Join(_home.Path, "context.tar");
        System.Formats.Tar.TarFile.CreateFromDirectory(Context, archive, includeBaseDirectory: false);
        await using (var readOnce = File.OpenRead(archive))
        {
            // Both nodes want all of it, and it can be read but once.
            var read = await ContextInput.ReadAsync(new BuildRequest { ContextPath = "" }, "The input", () => readOnce, canReopen: false, Token);
            (result, _) = await BuildAsync(read with
            {
                Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
                Outputs = [OutputSpec.Parse($"type=local,dest={destination}2")],
                Builder = new BuilderSelection { Name = _name },
            });
        }

        Assert.Equal(2, result.Nodes.Count);
        Assert.Equal(["linux_amd64/a.txt", "linux_arm64/a.txt"], Directory.GetFiles(destination + "2", "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(destination + "2", f)).Order());

        var refused = await Assert.ThrowsAsync<BuildxException>(() => BuildAsync(new BuildRequest
        {
            ContextPath = Context,
            Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
            Outputs = [OutputSpec.Parse($"type=oci,dest={destination}.tar")],
            Builder = new BuilderSelection { Name = _name },
        }));
        Assert.Equal(BuildxFailure.EngineUnsupported, refused.Failure);
        Assert.Contains($"{_name}1: linux/arm64", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_whose_part_fails_is_named_and_stops_the_others()
    {
        await new BuilderCreator(Environment).CreateAsync(
            new BuilderCreation { Name = _name, Endpoint = TestEngines.Require("bkd"), Platforms = [Platform.Parse("linux/amd64")] }, Token);
        await new BuilderNodes(Environment).AddAsync(
            new BuilderCreation
            {
                Name = _name,
                Endpoint = TestEngines.RequireTcp("bkd"),
                Platforms = [Platform.Parse("linux/arm64")],
                DriverOptions = new Dictionary<string, string> { ["cacert"] = TestEngines.Certificate("clientCertificate") },
            },
            Token);
        var request = new BuildRequest
        {
            ContextPath = WriteContext("FROM scratch\nCOPY a.txt /\n"),
            Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
            Outputs = [OutputSpec.Parse($"type=local,dest={Path.Join(_home.Path, "out")}")],
            Builder = new BuilderSelection { Name = _name },
        };
        var failure = await Assert.ThrowsAsync<BuildxException>(() => BuildAsync(request));

        Assert.Equal(BuildxFailure.EngineCertificateInvalid, failure.Failure);
        Assert.Contains($"'{_name}1'", failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Join(_home.Path, "out")));

        // What the other node can do alone, it does: nobody asks the other.
        var (result, _) = await BuildAsync(request with { Platforms = [Platform.Parse("linux/amd64")] });
        Assert.Equal($"{_name}0: linux/amd64", Assert.Single(result.Nodes).ToString());
    }

    [Fact]
    public async Task A_node_that_is_stopped_in_mid_build_is_named_and_ends_the_others()
    {
        var node = new BuilderCreation
        {
            Name = _name,
            Driver = "docker-container",
            DriverOptions = new Dictionary<string, string> { ["network"] = "host" },
            ConfigText = $"[registry.\"{TestEngines.Registry("plain")}\"]\n  http = true\n[registry.\"docker.io\"]\n  mirrors = [\"{TestEngines.Registry("plain")}\"]\n",
        };
        try
        {
            await new BuilderCreator(Environment).CreateAsync(node with { Endpoint = TestEngines.Require("d28"), Platforms = [Platform.Parse("linux/amd64")] }, Token);
            await new BuilderNodes(Environment).AddAsync(node with { Endpoint = TestEngines.Require("d20"), Platforms = [Platform.Parse("linux/arm64")] }, Token);
            var request = new BuildRequest
            {
                ContextPath = WriteContext($"FROM --platform=linux/amd64 alpine\nRUN echo {_name}; sleep 300\n"),
                Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
                Outputs = [OutputSpec.Parse("type=cacheonly")],
                Builder = new BuilderSelection { Name = _name },
            };
            var running = new HashSet<string>(StringComparer.Ordinal);
            var failure = await Assert.ThrowsAnyAsync<BuildxException>(async () =>
            {
                await foreach (var e in new BuildRunner(Environment).RunAsync(request, Token).WithLimit(s_limit))
                {
                    if (e is VertexLog log && running.Add(log.VertexDigest) && running.Count == 2)
                    {
                        await DockerCommand.RunAsync("d20", [], "stop", "-t", "0", $"buildx_buildkit_{_name}1");
                    }
                }
            });

            Assert.Equal(BuildxFailure.EngineLost, failure.Failure);
            Assert.Contains($"'{_name}1'", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            await RemoveContainersAsync();
        }
    }

    private async Task RemoveContainersAsync()
    {
        foreach (var (engine, container) in ((string, string)[])[("d28", "0"), ("d20", "1")])
        {
            await DockerCommand.RunAsync(engine, [], "rm", "-f", "-v", $"buildx_buildkit_{_name}{container}");
            await DockerCommand.RunAsync(engine, [], "volume", "rm", "-f", $"buildx_buildkit_{_name}{container}_state");
        }
    }

    private string WriteContext(string dockerfile)
    {
        Directory.CreateDirectory(Context);
        File.WriteAllText(Path.Join(Context, "a.txt"), "some text\n");
        File.WriteAllText(Path.Join(Context, "Dockerfile"), $"{dockerfile}LABEL id={_name}\n");
        return Context;
    }

    private async Task<(BuildResult Result, List<BuildEvent> Events)> BuildAsync(BuildRequest request)
    {
        var events = new List<BuildEvent>();
        await foreach (var e in new BuildRunner(Environment).RunAsync(request, Token).WithLimit(s_limit))
        {
            events.Add(e);
        }

        return (Assert.IsType<BuildCompleted>(events[^1]).Result, events);
    }
}
