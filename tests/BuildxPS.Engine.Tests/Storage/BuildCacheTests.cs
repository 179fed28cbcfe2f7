using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Storage;
using BuildxPS.Engine.Tests.Builds;

namespace BuildxPS.Engine.Tests.Storage;

/// <summary>Builders of several nodes, with a fake engine as one of them.</summary>
public sealed class BuildCacheTests : IAsyncDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly FakeEngine _engine = new() { Cache = [new CacheRecord { Id = "one", IsReclaimable = true }, new CacheRecord { Id = "two", IsReclaimable = true }] };

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private BuildCache Cache(params NodeHandle[] nodes) => new((_, _) => Task.FromResult(new BuilderHandle
    {
        Name = "several",
        Driver = "docker",
        Nodes = [new NodeHandle { Name = "live", Endpoint = "fake", Driver = _engine }, .. nodes],
    }));

    private static NodeHandle Dead() => new()
    {
        Name = "dead",
        Endpoint = "unix:///nowhere/d.sock",
        Driver = new DockerDriver(new EngineEndpoint { Address = "unix:///nowhere/d.sock" }),
    };

    [Fact]
    public async Task A_dead_node_is_an_error_that_names_it_and_others_answer()
    {
        var answers = await Cache(Dead()).ListAsync(new BuilderSelection(), new CacheSelection(), null, Token).ToListAsync(Token);
        Assert.Equal(["several/live/one", "several/live/two"], answers.Where(a => a.Record is not null).Select(a => $"{a.Record!.Builder}/{a.Record.Node}/{a.Record}"));
        var failed = Assert.Single(answers, a => a.Failure is not null);
        Assert.Equal(("dead", BuildxFailure.EngineUnreachable), (failed.Node, failed.Failure!.Failure));
        Assert.StartsWith("The node 'dead' of the builder 'several': ", failed.Failure.Message, StringComparison.Ordinal);

        answers = await Cache(Dead()).PruneAsync(new BuilderSelection(), new CachePruning(), null, Token).ToListAsync(Token);
        Assert.Equal((2, 1), (answers.Count(a => a.Record is not null), answers.Count(a => a.Failure is not null)));

        var forecasts = await Cache(Dead()).ForecastAsync(new BuilderSelection(), new CachePruning(), Token);
        Assert.Equal(["live", "dead"], forecasts.Select(f => f.Node));
        Assert.Equal((2, true), (forecasts[0].Records.Count, forecasts[1].Failure is not null));
    }

    [Fact]
    public async Task Only_the_named_nodes_are_asked()
        => Assert.All(await Cache(Dead()).PruneAsync(new BuilderSelection(), new CachePruning(), ["live"], Token).ToListAsync(Token), a => Assert.Equal("live", a.Node));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    public async Task Limits_that_one_engine_does_not_know_are_refused_before_anything_is_removed(long max, long free)
    {
        var old = new FakeEngine();
        _engine.Description = _engine.Description with { Capabilities = new HashSet<string> { "gc.freespacefilter" } };
        var pruning = new CachePruning { MaxUsedSpace = max, MinFreeSpace = free };
        var cache = Cache(new NodeHandle { Name = "old", Endpoint = "fake", Driver = old });
        var failed = await Assert.ThrowsAsync<BuildxException>(async () => await cache.PruneAsync(new BuilderSelection(), pruning, null, Token).ToListAsync(Token));
        Assert.Equal(BuildxFailure.EngineUnsupported, failed.Failure);
        Assert.Contains("'old'", failed.Message, StringComparison.Ordinal);
        Assert.False(_engine.Pruned || old.Pruned);
        Assert.Equal(BuildxFailure.EngineUnsupported, (await Assert.ThrowsAsync<BuildxException>(() => cache.ForecastAsync(new BuilderSelection(), pruning, Token))).Failure);
    }

    [Fact]
    public async Task Leaving_early_ends_it()
    {
        await foreach (var answer in Cache().ListAsync(new BuilderSelection(), new CacheSelection(), null, Token))
        {
            Assert.Equal("one", answer.Record!.Id);
            break;
        }

        // Whoever leaves waits for a moment only; the rest goes on behind.
        Assert.True(SpinWait.SpinUntil(() => _engine.IsDisposed, TimeSpan.FromSeconds(30)));
    }
}
