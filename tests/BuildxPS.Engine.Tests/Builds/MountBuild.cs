using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Builds on a real engine whose steps mount what this client has.</summary>
internal sealed class MountBuild(string engine, TemporaryFolder folder)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    /// <summary>The context's folder, in which each build finds the Dockerfile.</summary>
    public string Context { get; } = Directory.CreateDirectory(Path.Join(folder.Path, "context")).FullName;

    /// <summary>What happened so far.</summary>
    public List<BuildEvent> Events { get; } = [];

    /// <summary>Runs a build.</summary>
    public async Task<BuildResult> RunAsync(string dockerfile, Func<BuildRequest, BuildRequest> change, params (string Name, string Value)[] variables)
    {
        await File.WriteAllTextAsync(Path.Join(Context, "Dockerfile"), dockerfile);
        var environment = new ClientEnvironment { Variables = variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal), HomeDirectory = folder.Path };
        var address = TestEngines.Require(engine);
        var runner = engine == "bkd" ? new BuildRunner(environment, BuildKitNode.PartsFor(engine, environment)) : new BuildRunner(environment);
        var request = change(new BuildRequest
        {
            ContextPath = Context,
            Builder = engine == "bkd" ? new BuilderSelection() : new BuilderSelection { DockerHost = address },
            Outputs = [new OutputSpec { Type = "cacheonly" }],
        });
        await foreach (var e in runner.RunAsync(request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
            Events.Add(e);
        }

        return Assert.IsType<BuildCompleted>(Events[^1]).Result;
    }

    /// <summary>Runs a build that has to fail.</summary>
    public Task<BuildxException> FailAsync(string dockerfile, Func<BuildRequest, BuildRequest>? change = null, params (string Name, string Value)[] variables)
        => Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(dockerfile, change ?? (r => r), variables));
}
