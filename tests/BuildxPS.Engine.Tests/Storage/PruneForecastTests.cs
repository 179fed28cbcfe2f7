using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Storage;

namespace BuildxPS.Engine.Tests.Storage;

public sealed class PruneForecastTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    private static CacheRecord Record(string id, long size = 10, double hours = 5, string type = "regular", params string[] parents) => new()
    {
        Id = id,
        Size = size,
        LastUsedAt = s_now.AddHours(-hours),
        Type = type,
        IsReclaimable = true,
        Parents = parents,
    };

    private static IEnumerable<string> Choose(CachePruning pruning, IReadOnlySet<string>? selected, params CacheRecord[] records)
        => PruneForecast.Choose(records, selected, pruning, s_now).Select(r => r.Id);

    [Fact]
    public void What_is_in_use_internal_or_shared_stays()
    {
        CacheRecord[] records =
        [
            Record("a"), Record("b") with { IsReclaimable = false }, Record("c", type: "internal"), Record("d", type: "frontend"), Record("e") with { IsShared = true },
        ];
        Assert.Equal(["a"], Choose(new CachePruning(), null, records));
        Assert.Equal(["a", "c", "d", "e"], Choose(new CachePruning { All = true }, null, records).Order());
    }

    [Fact]
    public void Parents_go_after_their_last_child_and_stay_with_one_that_stays()
    {
        CacheRecord[] records = [Record("base"), Record("left", parents: "base"), Record("right", parents: "base"), Record("top", parents: ["left", "right"])];
        var order = Choose(new CachePruning(), null, records).ToList();
        Assert.Equal(("top", "base", 4), (order[0], order[^1], order.Count));
        Assert.Empty(Choose(new CachePruning(), new HashSet<string> { "base", "left" }, records));
        Assert.Equal(["top"], Choose(new CachePruning(), new HashSet<string> { "base", "top" }, records));
    }

    [Fact]
    public void Recent_ones_stay_for_the_time()
        => Assert.Equal(
            ["never", "old"],
            Choose(new CachePruning { UnusedFor = TimeSpan.FromHours(2) }, null, Record("new", hours: 1), Record("old", hours: 3), Record("never") with { LastUsedAt = null }).Order());

    [Fact]
    public void Limits_take_the_oldest_first_until_less_is_used()
    {
        CacheRecord[] records = [Record("a", 10, 9), Record("b", 10, 8), Record("c", 10, 7), Record("d", 10, 6)];
        Assert.Equal(["a", "b"], Choose(new CachePruning { MaxUsedSpace = 25 }, null, records));
        Assert.Equal(["a", "b"], Choose(new CachePruning { ReservedSpace = 25 }, null, records));
        Assert.Equal(["a"], Choose(new CachePruning { MaxUsedSpace = 25, ReservedSpace = 35 }, null, records));
        Assert.Empty(Choose(new CachePruning { MaxUsedSpace = 100 }, null, records));
        Assert.Equal(4, Choose(new CachePruning { MinFreeSpace = 1 }, null, records).Count());
    }

    [Fact]
    public void A_hostile_list_does_no_harm()
    {
        var loop = new[] { Record("a", long.MaxValue, parents: "b"), Record("b", long.MaxValue, parents: "a"), Record("a"), Record("self", long.MaxValue, parents: "self"), Record("c", long.MaxValue) };
        Assert.Equal(["c"], Choose(new CachePruning { MaxUsedSpace = 1 }, null, loop));
        Assert.Equal(long.MaxValue, PruneForecast.Sum(loop));
    }

    [Fact]
    public void It_says_what_goes_and_how_sure_that_is()
    {
        var forecast = new PruneForecast { Builder = "b", Node = "n", Records = [Record("a"), Record("b"), Record("c", type: "source.local")], Size = 30_000_000 };
        Assert.Equal("Remove 3 records of build cache (2 regular, 1 source.local) and free 30.0MB", forecast.Describe());
        Assert.Equal("Remove about 3 records of build cache (2 regular, 1 source.local) and free about 30.0MB", (forecast with { IsEstimate = true }).Describe());
        Assert.StartsWith("Remove at most 3 records", (forecast with { IsEstimate = true, IsUpperBound = true }).Describe(), StringComparison.Ordinal);
        Assert.Equal("Remove 0 records of build cache and free 0B", (forecast with { Records = [], Size = 0 }).Describe());
    }
}
