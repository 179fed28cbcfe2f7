using System.Text.Json.Nodes;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builders;

/// <summary>One list of builders, used by this module and by docker's buildx in turn.</summary>
public sealed class BuilderInteropTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Buildx_uses_stops_and_removes_what_this_module_made()
    {
        await using var fixture = new BuilderFixture("d28");
        var config = fixture.Write("b.toml", BuilderFixture.Config);
        await fixture.Creator.CreateAsync(
            new BuilderCreation { Name = fixture.Name, ConfigFile = config, Use = true, DriverOptions = new Dictionary<string, string> { ["network"] = "host" } }, Token);

        Assert.Contains($"{fixture.Name}*", await fixture.DockerAsync("buildx", "ls"), StringComparison.Ordinal);
        var inspected = await fixture.DockerAsync("buildx", "inspect", "--bootstrap");
        Assert.Contains("network=\"host\"", inspected, StringComparison.Ordinal);
        Assert.Contains("http = true", inspected, StringComparison.Ordinal);
        Assert.Contains("v0.25.2", inspected, StringComparison.Ordinal);
        Assert.Equal(NodeStatus.Running, (await fixture.Catalog.GetAsync(new BuilderSelection(), TimeSpan.FromSeconds(20), Token)).Status);

        fixture.Write("context/Dockerfile", "FROM alpine\nRUN true\n");
        await fixture.DockerAsync("buildx", "build", "--output", "type=cacheonly", Path.Join(fixture.Home, "context"));
        await fixture.DockerAsync("buildx", "rm", fixture.Name);

        Assert.Equal("default", (await fixture.Catalog.GetAsync(new BuilderSelection(), TimeSpan.FromSeconds(20), Token)).Name);
    }

    [Fact]
    public async Task This_module_uses_stops_and_removes_what_buildx_made()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name, "--driver", "docker-container", "--platform", "linux/arm64,linux/arm/v6", "--use");
        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name, "--append", "--platform", "linux/riscv64", TestEngines.Require("d20"));

        var made = Assert.Single(await fixture.Catalog.ListAsync(TimeSpan.FromSeconds(20), Token).Where(b => b.IsCurrent).ToListAsync(Token));

        Assert.Equal((fixture.Name, "docker-container", NodeStatus.Inactive, false), (made.Name, made.Driver, made.Status, made.IsContext));
        Assert.Equal(["linux/arm64", "linux/arm/v6"], made.Nodes[0].ExplicitPlatforms.Select(p => p.ToString()));
        Assert.Equal([TestEngines.Require("d28"), TestEngines.Require("d20")], made.Nodes.Select(n => n.Endpoint));
        Assert.Equal(2, (await fixture.StartAsync()).OfType<VertexChanged>().Count(v => v.Completed is not null));
        Assert.All((await fixture.Catalog.GetAsync(new BuilderSelection(), TimeSpan.FromSeconds(20), Token)).Nodes, n => Assert.Equal((NodeStatus.Running, null), (n.Status, n.Error)));
        await fixture.Lifecycle.StopAsync(new BuilderSelection(), Token);
        Assert.Contains("stopped", await fixture.DockerAsync("buildx", "ls"), StringComparison.Ordinal);

        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name }, Token);
        Assert.DoesNotContain(fixture.Name, await fixture.DockerAsync("buildx", "ls"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData()]
    [InlineData("--default")]
    [InlineData("--global")]
    public async Task Choice_is_written_as_buildx_writes_it(params string[] flags)
    {
        await using var fixture = new BuilderFixture("d28");
        fixture.Write($"buildx/instances/{fixture.Name}", $$"""{"Name":"{{fixture.Name}}","Driver":"docker-container","Nodes":[{"Name":"x0","Endpoint":"unix:///x.sock","Platforms":null,"DriverOpts":null,"Flags":null,"Files":null}],"Dynamic":false}""");
        await fixture.DockerAsync(["buildx", "use", .. flags, fixture.Name]);
        var theirs = Written(fixture);
        Directory.Delete(Path.Join(fixture.Folder, "defaults"), recursive: true);
        File.Delete(Path.Join(fixture.Folder, "current"));

        await fixture.Lifecycle.UseAsync(
            new BuilderChoice { Name = fixture.Name, IsDefault = flags is ["--default"], IsGlobal = flags is ["--global"] }, Token);

        Assert.Equal(theirs, Written(fixture));
        await using var handle = await fixture.Catalog.ResolveAsync(new BuilderSelection(), Token);
        Assert.Equal(fixture.Name, handle.Name);

        await fixture.Lifecycle.UseAsync(new BuilderChoice { Name = "default" }, Token);
        var ours = Written(fixture);
        await fixture.DockerAsync("buildx", "use", "default");
        Assert.Equal(Written(fixture), ours);
    }

    [Fact]
    public async Task Config_with_certificates_means_to_BuildKit_what_buildx_makes_of_it()
    {
        await using var fixture = new BuilderFixture("d28");
        fixture.Write("ca.pem", "authority");
        fixture.Write("k/key.pem", "key");
        fixture.Write("k/cert.pem", "certificate");
        var config = fixture.Write("b.toml", $"""
            debug = true
            [registry."r.example:5000"]
              ca = ["{fixture.Home}/ca.pem"]
              [[registry."r.example:5000".keypair]]
                key = "{fixture.Home}/k/key.pem"
                cert = "{fixture.Home}/k/cert.pem"
            """);
        await fixture.DockerAsync("buildx", "create", "--name", fixture.Name + "-theirs", "--driver", "docker-container", "--buildkitd-config", config);
        await fixture.Creator.CreateAsync(new BuilderCreation { Name = fixture.Name, ConfigFile = config }, Token);

        var theirs = Files(fixture, fixture.Name + "-theirs");
        var ours = Files(fixture, fixture.Name);
        Assert.Equal(theirs.Keys, ours.Keys);
        Assert.All(theirs.Where(f => f.Key != "buildkitd.toml"), f => Assert.Equal(f.Value, ours[f.Key]));
        Assert.Equal(Meaning(theirs["buildkitd.toml"]), Meaning(ours["buildkitd.toml"]));
    }

    [Fact]
    public async Task Builders_of_both_made_and_removed_at_once_lose_nothing()
    {
        await using var fixture = new BuilderFixture("d28");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            var name = $"{fixture.Name}-{i}";
            if (i % 2 == 0)
            {
                await fixture.Creator.CreateAsync(new BuilderCreation { Name = name, Use = true }, Token);
                await fixture.Creator.CreateAsync(new BuilderCreation { Name = name + "-gone" }, Token);
                await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = name + "-gone" }, Token);
            }
            else
            {
                await fixture.DockerAsync("buildx", "create", "--name", name, "--driver", "docker-container", "--use");
                await fixture.DockerAsync("buildx", "create", "--name", name + "-gone", "--driver", "docker-container");
                await fixture.DockerAsync("buildx", "rm", name + "-gone");
            }
        }));

        Assert.Equal(
            [.. Enumerable.Range(0, 8).Select(i => $"{fixture.Name}-{i}"), "default"],
            fixture.Catalog.ListNames().Where(n => n == "default" || n.StartsWith(fixture.Name, StringComparison.Ordinal)));
        await using var handle = await fixture.Catalog.ResolveAsync(new BuilderSelection(), Token);
        Assert.StartsWith(fixture.Name, handle.Name, StringComparison.Ordinal);
    }

    private static string Written(BuilderFixture fixture)
        => fixture.Read("buildx/current") + string.Join(' ', new DirectoryInfo(Path.Join(fixture.Folder, "defaults")).GetFiles().Select(f => $"{f.Name}={File.ReadAllText(f.FullName)}"));

    private static Dictionary<string, byte[]> Files(BuilderFixture fixture, string name)
        => JsonNode.Parse(fixture.Read("buildx/instances/" + name))!["Nodes"]![0]!["Files"]!.AsObject()
            .ToDictionary(f => f.Key, f => Convert.FromBase64String(f.Value!.GetValue<string>()));

    private static string Meaning(byte[] toml)
        => Flat(Tomlyn.TomlSerializer.Deserialize<Tomlyn.Model.TomlTable>(System.Text.Encoding.UTF8.GetString(toml))!);

    private static string Flat(object? value) => value switch
    {
        Tomlyn.Model.TomlTable table => "{" + string.Join(',', table.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + ":" + Flat(p.Value))) + "}",
        System.Collections.IEnumerable list when value is not string => "[" + string.Join(',', list.Cast<object?>().Select(Flat)) + "]",
        _ => value?.ToString() ?? "",
    };
}
