using System.Diagnostics;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>
/// A context, a docker configuration with the logins of the tests' registries, and a builder with a BuildKit of its own:
/// <c>bkd</c>, or a container in the daemon <c>d20</c> or <c>d28</c>. Docker's own client uses the same builder.
/// </summary>
internal sealed class PushFixture : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    private readonly TemporaryFolder _home = new();
    private readonly string _engine;
    private readonly string _docker;
    private readonly string _builder = "bxp-" + Guid.NewGuid().ToString("n")[..10];

    private PushFixture(string engine)
    {
        _engine = engine;
        _docker = engine == "bkd" ? "d28" : engine;
        Directory.CreateDirectory(Context);
        File.WriteAllText(Path.Join(Context, "a.txt"), "some text\n");
        File.SetLastWriteTimeUtc(Path.Join(Context, "a.txt"), new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
    }

    public string Context => Path.Join(_home.Path, "context");

    /// <summary>A repository that no other test has.</summary>
    public string Repository { get; } = $"127.0.0.1:{TestEngines.Registry("plain").Split(':')[1]}/push/{Guid.NewGuid():N}";

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<PushFixture> CreateAsync(string engine, bool login = false, string? config = null, bool loadsByDefault = false)
    {
        var fixture = new PushFixture(engine);
        if (login)
        {
            fixture.LogIn("https", TestEngines.User("https").Password);
            fixture.LogIn("token", TestEngines.User("token").Password);
        }

        if (engine == "bkd")
        {
            await fixture.DockerAsync([], "buildx", "create", "--name", fixture._builder, "--driver", "remote", TestEngines.Require("bkd"));
        }
        else
        {
            var plain = TestEngines.Registry("plain");
            await new BuilderCreator(fixture.Environment()).CreateAsync(
                new BuilderCreation
                {
                    Name = fixture._builder,
                    DriverOptions = new Dictionary<string, string> { ["network"] = "host", ["default-load"] = loadsByDefault ? "true" : "false" },
                    ConfigText = config ?? $"[registry.\"{plain}\"]\n  http = true\n[registry.\"docker.io\"]\n  mirrors = [\"{plain}\"]\n",
                },
                Token);
        }

        return fixture;
    }

    public string Out(string name) => Path.Join(_home.Path, name);

    public void LogIn(string registry, string password)
    {
        var (name, _) = TestEngines.User(registry);
        var auth = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{name}:{password}"));
        var file = Path.Join(_home.Path, "config.json");
        var config = File.Exists(file) ? System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))! : new System.Text.Json.Nodes.JsonObject { ["auths"] = new System.Text.Json.Nodes.JsonObject() };
        config["auths"]![TestEngines.Registry(registry)] = new System.Text.Json.Nodes.JsonObject { ["auth"] = auth };
        File.WriteAllText(file, config.ToJsonString());
    }

    public BuildRequest Request(string dockerfile, params string[] tags)
    {
        File.WriteAllText(Path.Join(Context, "Dockerfile"), dockerfile);
        return new BuildRequest { ContextPath = Context, Tags = [.. tags.Select(ImageReference.Parse)], Builder = new BuilderSelection { Name = _builder } };
    }

    public async Task<BuildResult> BuildAsync(BuildRequest request, List<BuildEvent>? events = null, params (string Name, string Value)[] variables)
    {
        events ??= [];
        var environment = Environment(variables);
        var runner = _engine == "bkd" && request.Builder.DockerHost is null ? new BuildRunner(environment, BuildKitNode.PartsFor(_engine, environment)) : new BuildRunner(environment);
        await foreach (var e in runner.RunAsync(request, Token).WithLimit(s_limit))
        {
            events.Add(e);
        }

        return Assert.IsType<BuildCompleted>(events[^1]).Result;
    }

    /// <summary>The same build in the docker daemon's own BuildKit.</summary>
    public BuildRequest InDaemon(BuildRequest request) => request with { Builder = new BuilderSelection { DockerHost = TestEngines.Require(_docker) } };

    /// <summary>Builds with docker's own client on the same builder.</summary>
    public Task<string> BuildxAsync((string Name, string Value)[] variables, params string[] arguments)
        => DockerAsync(variables, ["buildx", "build", "--builder", _builder, .. arguments, Context]);

    public async Task<string> DockerAsync((string Name, string Value)[] variables, params string[] arguments)
    {
        var (exitCode, output, error) = await DockerCommand.RunAsync(_docker, [("BUILDX_CONFIG", BuildxFolder), .. variables], arguments);
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    public static async Task<byte[]> SkopeoAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(TestEngines.Tool("skopeo"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LD_LIBRARY_PATH"] = TestEngines.Tool("libraryPath");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Token);
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output, Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, await error);
        return output.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine != "bkd")
        {
            await DockerCommand.RunAsync(_docker, [], "rm", "-f", "-v", $"buildx_buildkit_{_builder}0");
            await DockerCommand.RunAsync(_docker, [], "volume", "rm", "-f", $"buildx_buildkit_{_builder}0_state");
        }

        _home.Dispose();
    }

    private string BuildxFolder => Path.Join(_home.Path, "buildx");

    private ClientEnvironment Environment(params (string Name, string Value)[] variables) => new()
    {
        HomeDirectory = _home.Path,
        Variables = new Dictionary<string, string>(variables.Select(v => KeyValuePair.Create(v.Name, v.Value)), StringComparer.Ordinal)
        {
            ["DOCKER_CONFIG"] = _home.Path,
            ["BUILDX_CONFIG"] = BuildxFolder,
            ["DOCKER_HOST"] = TestEngines.Require(_docker),
        },
    };
}
