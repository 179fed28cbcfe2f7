using System.Diagnostics;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builders;

/// <summary>An empty list of builders, and docker's own client on the same list. What is made on the engine is removed at the end.</summary>
internal sealed class BuilderFixture : IAsyncDisposable
{
    /// <summary>A builder's config that finds the tests' registry.</summary>
    public static string Config => $"""
        # for the tests' registry
        [registry."{TestEngines.Registry("plain")}"]
          http = true
        [registry."docker.io"]
          mirrors = ["{TestEngines.Registry("plain")}"]
        """;

    private readonly TemporaryFolder _home = new();
    private readonly string? _host;

    public BuilderFixture(string? engine = null)
    {
        _host = engine is null ? null : TestEngines.Require(engine);
        Environment = With();
    }

    public ClientEnvironment Environment { get; }

    public string Folder => Path.Join(_home.Path, "buildx");

    public string Home => _home.Path;

    public BuilderCatalog Catalog => new(Environment);

    public BuilderLifecycle Lifecycle => new(Environment);

    public BuilderCreator Creator => new(Environment);

    /// <summary>A name that no other test has.</summary>
    public string Name { get; } = "bxt-" + Guid.NewGuid().ToString("n")[..10];

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public ClientEnvironment With(params (string Name, string Value)[] variables) => new()
    {
        HomeDirectory = _home.Path,
        Variables = new Dictionary<string, string>(variables.Select(v => KeyValuePair.Create(v.Name, v.Value)), StringComparer.Ordinal)
        {
            ["BUILDX_CONFIG"] = Folder,
            ["DOCKER_HOST"] = _host ?? "unix:///nowhere/d.sock",
        },
    };

    public string Write(string relativePath, string text) => _home.Write(relativePath, text);

    public string Read(string relativePath) => File.ReadAllText(Path.Join(_home.Path, relativePath));

    public async Task<List<BuildEvent>> StartAsync()
    {
        var events = new List<BuildEvent>();
        await foreach (var e in Lifecycle.StartAsync(new BuilderSelection { Name = Name }, Token))
        {
            events.Add(e);
        }

        return events;
    }

    public async Task<string> DockerAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await TryDockerAsync(arguments);
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    public async Task<(int ExitCode, string Output, string Error)> TryDockerAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(TestEngines.Tool("docker"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOCKER_CONFIG"] = TestEngines.Tool("dockerConfig");
        start.Environment["DOCKER_HOST"] = _host ?? "unix:///nowhere/d.sock";
        start.Environment["BUILDX_CONFIG"] = Folder;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            foreach (var name in Catalog.ListNames().Where(n => n.StartsWith(Name, StringComparison.Ordinal)))
            {
                await ((Task)Lifecycle.RemoveAsync(new BuilderRemoval { Name = name }, CancellationToken.None)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            foreach (var node in (string[])[Name + "0", Name + "1", Name + "-theirs0"])
            {
                await TryDockerAsync("rm", "-f", "-v", "buildx_buildkit_" + node);
                await TryDockerAsync("volume", "rm", "-f", $"buildx_buildkit_{node}_state");
            }
        }

        _home.Dispose();
    }
}
