using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Engines.BuildKit;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Many whole builds at once in one process, on real engines.</summary>
public sealed class ManyBuildsTests : IDisposable
{
    private const int Count = 16;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task Sixteen_builds_at_once_each_get_what_is_theirs(string engine)
    {
        var builds = Enumerable.Range(0, Count).Select(number => Task.Run(() => BuildAsync(engine, number)));

        var references = await Task.WhenAll(builds).WaitAsync(RealEngine.Guard);

        Assert.Equal(Count, references.Distinct().Count());
    }

    private async Task<string> BuildAsync(string engine, int number)
    {
        var own = $"many-{number}-{Guid.NewGuid()}";
        _folder.Write($"{number}/Dockerfile", $"FROM scratch\nCOPY {own} /\n");
        _folder.Write($"{number}/{own}", own);
        var destination = Path.Join(_folder.Path, $"{number}-out");
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = _folder.Path };
        var runner = engine == "bkd" ? new BuildRunner(environment, BuildKitNode.PartsFor(engine, environment)) : new BuildRunner(environment);
        var request = new BuildRequest
        {
            ContextPath = Path.Join(_folder.Path, $"{number}"),
            Builder = engine == "bkd" ? new BuilderSelection() : new BuilderSelection { DockerHost = TestEngines.Require(engine) },
            Outputs = [new OutputSpec { Type = "local", Destination = destination }],
        };
        BuildResult? result = null;
        await foreach (var e in runner.RunAsync(request, TestContext.Current.CancellationToken))
        {
            result = e is BuildCompleted completed ? completed.Result : result;
        }

        var received = Assert.Single(Directory.GetFileSystemEntries(destination));
        Assert.Equal((own, own), (Path.GetFileName(received), await File.ReadAllTextAsync(received, TestContext.Current.CancellationToken)));
        Assert.Equal($"[1/1] COPY {own} /", Assert.Single(result!.Steps, s => s.Name.Contains("many-", StringComparison.Ordinal)).Name);
        return result.BuildRef;
    }
}
