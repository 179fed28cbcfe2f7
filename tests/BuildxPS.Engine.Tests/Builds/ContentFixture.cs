using System.Security.Cryptography;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>A context whose steps no engine has in its cache, and builds of it on any real engine by this module and by docker's own client.</summary>
internal sealed class ContentFixture : IDisposable
{
    /// <summary>What makes two builds of one Dockerfile equal to the last byte.</summary>
    public static readonly (string Name, string Value)[] Reproducible = [("SOURCE_DATE_EPOCH", "1700000000"), ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")];

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    private readonly TemporaryFolder _home = new();

    public ContentFixture()
    {
        Directory.CreateDirectory(Context);
        File.WriteAllText(Path.Join(Context, "a.txt"), "some text\n");
        File.SetLastWriteTimeUtc(Path.Join(Context, "a.txt"), new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
    }

    /// <summary>A step that no engine has run before.</summary>
    public string Step { get; } = $"echo {Guid.NewGuid():N} > /step";

    public string Context => Path.Join(_home.Path, "context");

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public string Out(string name) => Path.Join(_home.Path, name);

    /// <summary>A request for a Dockerfile in which <c>STEP</c> stands for the step of this fixture.</summary>
    public BuildRequest Request(string dockerfile, params string[] outputs)
    {
        File.WriteAllText(Path.Join(Context, "Dockerfile"), dockerfile.Replace("STEP", Step, StringComparison.Ordinal));
        return new BuildRequest { ContextPath = Context, Outputs = [.. outputs.Select(OutputSpec.Parse)] };
    }

    /// <summary>Builds on an engine: <c>bkd</c>, or a docker daemon's own.</summary>
    public Task<BuildResult> BuildAsync(string engine, BuildRequest request, params (string Name, string Value)[] variables) => BuildAsync(engine, request, [], variables);

    /// <summary>Builds on an engine, and collects what happens.</summary>
    public async Task<BuildResult> BuildAsync(string engine, BuildRequest request, List<BuildEvent> events, params (string Name, string Value)[] variables)
    {
        var environment = new ClientEnvironment
        {
            HomeDirectory = _home.Path,
            Variables = new Dictionary<string, string>(variables.Select(v => KeyValuePair.Create(v.Name, v.Value)), StringComparer.Ordinal)
            {
                ["DOCKER_CONFIG"] = _home.Path,
                ["BUILDX_CONFIG"] = Path.Join(_home.Path, "buildx"),
            },
        };
        var runner = engine == "bkd" ? new BuildRunner(environment, BuildKitNode.PartsFor(engine, environment)) : new BuildRunner(environment);
        request = engine == "bkd" ? request : request with { Builder = new BuilderSelection { DockerHost = TestEngines.Require(engine) } };
        BuildCompleted? completed = null;
        await foreach (var e in runner.RunAsync(request, Token).WithLimit(s_limit))
        {
            events.Add(e);
            completed = e as BuildCompleted ?? completed;
        }

        return completed!.Result;
    }

    /// <summary>Builds the context with docker's own client; gives its plain progress.</summary>
    public async Task<string> BuildxAsync(string engine, (string Name, string Value)[] variables, params string[] arguments)
        => await RunAsync(engine == "bkd" ? "d28" : engine, variables, ["buildx", "build", "--progress", "plain", .. await BuilderAsync(engine), .. arguments, Context]);

    /// <summary>Asks docker's own client for what an engine recorded of builds.</summary>
    public async Task<string> HistoryAsync(string engine, string command, params string[] arguments)
        => await RunAsync(engine == "bkd" ? "d28" : engine, [], ["buildx", "history", command, .. await BuilderAsync(engine), .. arguments]);

    /// <summary>Whether the step of this fixture was not run.</summary>
    public bool IsCached(BuildResult result) => result.Steps.Single(s => s.Name.Contains(Step, StringComparison.Ordinal)).IsCached;

    /// <summary>All entries of a folder, with what is in files.</summary>
    public static string Tree(string root) => string.Join('\n', new DirectoryInfo(root)
        .EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        .OrderBy(e => e.FullName, StringComparer.Ordinal)
        .Select(e => string.Join(' ', Path.GetRelativePath(root, e.FullName), e.UnixFileMode,
            e is FileInfo ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(e.FullName))) : "")));

    /// <summary>What this module left behind of its own, anywhere in the fixture's folder.</summary>
    public IEnumerable<string> Leftovers()
        => Directory.EnumerateFileSystemEntries(_home.Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Where(p => Path.GetFileName(p).StartsWith(Staging.Prefix, StringComparison.Ordinal) || p.EndsWith(".lock", StringComparison.Ordinal) && !p.Contains("/buildx/", StringComparison.Ordinal));

    public void Dispose() => _home.Dispose();

    private async Task<string[]> BuilderAsync(string engine)
    {
        if (engine != "bkd")
        {
            return [];
        }

        await RunAsync("d28", [], "buildx", "create", "--name", "bxp-content", "--driver", "remote", TestEngines.Require("bkd"));
        return ["--builder", "bxp-content"];
    }

    private async Task<string> RunAsync(string docker, (string Name, string Value)[] variables, params string[] arguments)
    {
        var (exitCode, output, error) = await DockerCommand.RunAsync(docker, [("BUILDX_CONFIG", Path.Join(_home.Path, "buildx")), .. variables], arguments);
        Assert.True(exitCode == 0 || error.Contains("existing instance", StringComparison.Ordinal), error);
        return output + error;
    }
}
