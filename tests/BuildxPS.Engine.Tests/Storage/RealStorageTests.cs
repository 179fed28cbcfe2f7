using System.Globalization;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Storage;
using BuildxPS.Engine.Tests.Builders;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Storage;

/// <summary>
/// Build caches of real engines, beside docker's own client. Other tests build on the same engines: only records that carry a
/// mark of their own are removed there, and the rest happens on an engine of the test's own.
/// </summary>
public sealed class RealStorageTests : IDisposable
{
    private static readonly string[] s_units = ["B", "kB", "MB", "GB", "TB"];

    private readonly TemporaryFolder _context = new();

    public static TheoryData<string> Engines => ["d20", "d28", "d28c", "bkd"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _context.Dispose();

    /// <summary>Of what steps made, 20.10 finds nothing to remove by its description, whoever asks: see the test of ids for that engine.</summary>
    [Theory]
    [InlineData("d28")]
    [InlineData("d28c")]
    [InlineData("bkd")]
    public async Task Records_are_those_that_docker_lists_and_go_as_with_docker(string name)
    {
        await using var fixture = await OpenAsync(name, TestEngines.Require(name));
        var cache = new BuildCache(fixture.Environment);
        var builder = BuilderOf(fixture, name);
        var (ours, theirs) = (NewMark(), NewMark());
        await BuildAsync(fixture, builder, $"FROM alpine\nRUN : {ours} && head -c 300000 /dev/urandom > /x\n");
        await BuildAsync(fixture, builder, $"FROM alpine\nRUN : {theirs} && head -c 300000 /dev/urandom > /x\nRUN --mount=type=cache,target=/c : {theirs} two\n");

        // A record may be put in another one's place between the two questions.
        List<CacheRecord> listed = [];
        IReadOnlyList<string> shown = [];
        for (var attempt = 0; attempt < 10 && (shown.Count == 0 || !shown.SequenceEqual(listed.OrderBy(r => r.Id, StringComparer.Ordinal).Select(Summary))); attempt++)
        {
            shown = [.. (await ReadDockerAsync(fixture, builder, "du", "--verbose", "--filter", $"description~={theirs}")).OrderBy(s => s["ID"], StringComparer.Ordinal).Select(Summary)];
            listed = await ListAsync(cache, builder, $"description~={theirs}");
        }

        Assert.NotEmpty(listed);
        Assert.Equal(shown, listed.OrderBy(r => r.Id, StringComparer.Ordinal).Select(Summary));
        Assert.All(listed, r => Assert.True(r.LastUsedAt is null || r.LastUsedAt > DateTimeOffset.UtcNow.AddDays(-1)));
        Assert.Empty(await ListAsync(cache, builder, $"description~={theirs}", "type=source.local"));
        Assert.Equal(listed.Count, (await ListAsync(cache, builder, $"description~={theirs}", "type!=source.local")).Count);
        Assert.Empty(await ListAsync(cache, builder, $"description~={theirs}", "until=1h"));

        CacheRecord mine;
        PruneForecast forecast;
        var question = 0;
        do
        {
            await Task.Delay(question * 100, Token);
            mine = Assert.Single(await ReclaimableAsync(cache, builder, ours));
            forecast = Assert.Single(await cache.ForecastAsync(builder, Pruning($"description~={ours}"), Token));
        }
        while (!forecast.Records.Select(r => r.Id).SequenceEqual([mine.Id]) && ++question < 10);

        Assert.Equal((mine.Id, mine.Size), (Assert.Single(forecast.Records).Id, forecast.Size + forecast.SharedSize));
        Assert.Empty(await PruneAsync(cache, builder, Pruning($"description~={ours}") with { UnusedFor = TimeSpan.FromHours(1) }));
        var removed = Assert.Single(await RemoveAsync(cache, builder, Pruning($"description~={ours}"), 1));
        Assert.Equal((mine.Id, mine.Size, mine.Node), (removed.Id, removed.Size, removed.Node));
        // The answer does not tell whether images shared it.
        Assert.Equal(Summary(mine with { Type = null, IsShared = false }), Summary(removed with { Type = null, IsShared = false }));
        Assert.Empty(await ListAsync(cache, builder, $"description~={ours}"));
        var left = await ReclaimableAsync(cache, builder, theirs);
        Assert.Equal(listed.Count, left.Count);

        var gone = new List<Dictionary<string, string>>();
        for (var attempt = 0; gone.Count < listed.Count && attempt < 100; attempt++)
        {
            gone.AddRange(await ReadDockerAsync(fixture, builder, "prune", "--all", "--force", "--verbose", "--filter", $"description~={theirs}"));
        }

        Assert.Equal(left.Select(r => r.Id).Order(StringComparer.Ordinal), gone.Select(g => g["ID"]).Order(StringComparer.Ordinal));
        Assert.Empty(await ListAsync(cache, builder, $"description~={theirs}"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Ids_choose_their_records_only(string name)
    {
        await using var fixture = await OpenAsync(name, TestEngines.Require(name));
        var cache = new BuildCache(fixture.Environment);
        var builder = BuilderOf(fixture, name);
        var mark = NewMark();
        await BuildAsync(fixture, builder, $"FROM alpine\nRUN : {mark} one > /1\nRUN : {mark} two > /2\nRUN : {mark} three > /3\n");
        var records = await ReclaimableAsync(cache, builder, mark);
        Assert.Equal(3, records.Count);
        var last = Assert.Single(records, r => r.Description.Contains("three", StringComparison.Ordinal));
        var first = Assert.Single(records, r => r.Description.Contains(" one", StringComparison.Ordinal));
        var selection = new CacheSelection { Ids = [last.Id, first.Id, "nothing \" like , this"] };
        IEnumerable<string> chosen = [];
        for (var attempt = 0; attempt < 10 && chosen.Count() < 2; attempt++)
        {
            await Task.Delay(attempt * 100, Token);
            chosen = (await Records(cache.ListAsync(builder, selection, null, Token))).Select(r => r.Id).Order();
        }

        Assert.Equal(new[] { last.Id, first.Id }.Order(), chosen);

        // The first one is what the second one builds on.
        Assert.Equal(last.Id, Assert.Single(await RemoveAsync(cache, builder, new CachePruning { All = true, Selection = selection }, 1)).Id);
        var rest = new CacheSelection { Ids = [.. records.Where(r => r != last).Select(r => r.Id)] };
        Assert.Equal(2, (await RemoveAsync(cache, builder, new CachePruning { All = true, Selection = rest }, 2)).Count);
    }

    [Fact]
    public async Task A_limit_that_an_old_engine_does_not_know_is_refused_and_nothing_goes()
    {
        await using var fixture = await OpenAsync("d20", TestEngines.Require("d20"));
        var cache = new BuildCache(fixture.Environment);
        var builder = BuilderOf(fixture, "d20");
        var mark = NewMark();
        await BuildAsync(fixture, builder, $"FROM alpine\nRUN : {mark}\n");
        var failed = await Assert.ThrowsAsync<BuildxException>(() => PruneAsync(cache, builder, Pruning($"description~={mark}") with { MinFreeSpace = 1L << 50 }));
        Assert.Equal(BuildxFailure.EngineUnsupported, failed.Failure);
        Assert.Contains("BuildKit 0.17", failed.Message, StringComparison.Ordinal);
        var left = Assert.Single(await ReclaimableAsync(cache, builder, mark));
        Assert.Single(await RemoveAsync(cache, builder, new CachePruning { All = true, Selection = new CacheSelection { Ids = [left.Id] } }, 1));
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("bkd")]
    public async Task A_filter_that_the_engine_cannot_read_is_named(string name)
    {
        await using var fixture = await OpenAsync(name, TestEngines.Require(name));
        var selection = new CacheSelection { Conditions = [new CacheCondition { Key = "odd key", Operator = CacheOperator.Equal, Value = "x" }] };
        var failed = await Assert.ThrowsAsync<BuildxException>(() => Records(new BuildCache(fixture.Environment).ListAsync(BuilderOf(fixture, name), selection, null, Token)));
        Assert.Equal(BuildxFailure.ArgumentInvalid, failed.Failure);
        Assert.Contains("odd", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_of_its_own_keeps_what_limits_say_and_is_emptied()
    {
        await using var engine = await PrivateBuildKit.StartAsync();
        await using var fixture = await OpenAsync("own", engine.Address);
        var cache = new BuildCache(fixture.Environment);
        var builder = BuilderOf(fixture, "own");
        var mark = NewMark();
        _context.Write("a.txt", mark);
        await BuildAsync(fixture, builder, "FROM alpine\nCOPY a.txt /\n" + string.Concat(Enumerable.Range(0, 6).Select(i => $"RUN : {mark} && head -c 2000000 /dev/urandom > /{i}\n")));
        var before = await ReclaimableAsync(cache, builder, null);
        var used = before.Sum(r => r.Size);
        Assert.Contains(before, r => r.Type == "source.local");

        // Far more than there is: nothing goes.
        Assert.Empty(await PruneAsync(cache, builder, new CachePruning { MaxUsedSpace = used * 2 }));
        Assert.Empty(await PruneAsync(cache, builder, new CachePruning { ReservedSpace = used * 2 }));
        Assert.Empty(await PruneAsync(cache, builder, new CachePruning { UnusedFor = TimeSpan.FromHours(1) }));

        var limit = new CachePruning { MaxUsedSpace = used - 3_000_000 };
        var forecast = Assert.Single(await cache.ForecastAsync(builder, limit, Token));
        var removed = await PruneAsync(cache, builder, limit);
        Assert.True(forecast.IsEstimate);
        Assert.InRange(removed.Sum(r => r.Size), 3_000_000, used - 1);
        Assert.Equal(removed.Select(r => r.Id).Order(), forecast.Records.Select(r => r.Id).Order());
        Assert.InRange((await ReclaimableAsync(cache, builder, null)).Sum(r => r.Size), 1, used - 3_000_000);

        // Without -All the engine's own records stay, with it everything goes; both are foretold.
        foreach (var all in (bool[])[false, true])
        {
            var pruning = new CachePruning { All = all };
            forecast = Assert.Single(await cache.ForecastAsync(builder, pruning, Token));
            removed = await PruneAsync(cache, builder, pruning);
            Assert.Equal(forecast.Records.Select(r => r.Id).Order(), removed.Select(r => r.Id).Order());
            Assert.Equal(forecast.Size + forecast.SharedSize, removed.Sum(r => r.Size));
            Assert.False(forecast.IsEstimate);
            Assert.All(await Records(cache.ListAsync(builder, new CacheSelection(), null, Token)), r => Assert.True(!all && r.Type is "internal" or "frontend", $"{r.Type} {r.Description}"));
        }
    }

    [Fact]
    public async Task An_engine_that_hangs_is_an_error_in_time()
    {
        await using var engine = await PrivateBuildKit.StartAsync();
        await using var fixture = await OpenAsync("own", engine.Address);
        engine.Signal("STOP");
        try
        {
            var cache = new BuildCache(fixture.Environment) { FirstAnswer = TimeSpan.FromSeconds(1) };
            var failed = await Assert.ThrowsAsync<BuildxException>(() => ListAsync(cache, BuilderOf(fixture, "own")).WaitAsync(TimeSpan.FromSeconds(60), Token));
            Assert.Equal(BuildxFailure.TimedOut, failed.Failure);
            Assert.Contains(engine.Address, failed.Message, StringComparison.Ordinal);
        }
        finally
        {
            engine.Signal("CONT");
        }
    }

    private static string NewMark() => "bxc" + Guid.NewGuid().ToString("n")[..12];

    private static BuilderSelection BuilderOf(BuilderFixture fixture, string name) => name[0] == 'd' ? new BuilderSelection { Name = "default" } : new BuilderSelection { Name = fixture.Name };

    /// <summary>Docker daemons call a step on an image that they have shared, so that it goes with all only.</summary>
    private static CachePruning Pruning(params string[] filters) => new() { All = true, Selection = new CacheSelection { Conditions = CacheFilters.Read([.. filters.Select(CacheFilters.Cut)]).Conditions } };

    /// <summary>A docker daemon as it is, and any other address as a builder of the remote driver in a list of its own.</summary>
    private static async Task<BuilderFixture> OpenAsync(string name, string address)
    {
        if (name[0] == 'd')
        {
            return new BuilderFixture(name);
        }

        var fixture = new BuilderFixture();
        await fixture.Creator.CreateAsync(new BuilderCreation { Name = fixture.Name, Driver = "remote", Endpoint = address }, Token);
        return fixture;
    }

    private async Task BuildAsync(BuilderFixture fixture, BuilderSelection builder, string dockerfile)
    {
        _context.Write("Dockerfile", dockerfile);
        var request = new BuildRequest { ContextPath = _context.Path, Builder = builder, Outputs = [new OutputSpec { Type = "cacheonly" }] };
        await foreach (var _ in new BuildRunner(fixture.Environment).RunAsync(request, Token))
        {
        }
    }

    private static Task<List<CacheRecord>> ListAsync(BuildCache cache, BuilderSelection builder, params string[] filters)
    {
        var read = CacheFilters.Read([.. filters.Select(CacheFilters.Cut)]);
        return Records(cache.ListAsync(builder, new CacheSelection { Conditions = read.Conditions }, read.UnusedFor, Token));
    }

    private static Task<List<CacheRecord>> PruneAsync(BuildCache cache, BuilderSelection builder, CachePruning pruning)
        => Records(cache.PruneAsync(builder, pruning, null, Token));

    /// <summary>Removes again until as many went as should: who measures records meanwhile uses them.</summary>
    private static async Task<List<CacheRecord>> RemoveAsync(BuildCache cache, BuilderSelection builder, CachePruning pruning, int count)
    {
        var removed = await PruneAsync(cache, builder, pruning);
        for (var attempt = 0; removed.Count < count && attempt < 100; attempt++)
        {
            await Task.Delay(200, Token);
            removed.AddRange(await PruneAsync(cache, builder, pruning));
        }

        return removed;
    }

    private static async Task<List<CacheRecord>> Records(IAsyncEnumerable<CacheAnswer> answers)
        => await answers.Select(a => a.Record ?? throw a.Failure!).ToListAsync(Token);

    /// <summary>Records with a mark, once nothing uses them any more: an engine lets go of a build's records a moment after the build.</summary>
    private static async Task<List<CacheRecord>> ReclaimableAsync(BuildCache cache, BuilderSelection builder, string? mark)
    {
        for (var attempt = 0; ; attempt++)
        {
            var records = await ListAsync(cache, builder, mark is null ? [] : [$"description~={mark}"]);
            // Chains are in use by what builds on them until that goes.
            if (records.TrueForAll(r => r.IsReclaimable) || attempt == 100)
            {
                return records;
            }

            await Task.Delay(200, Token);
        }
    }

    private static string Summary(CacheRecord record) => Summary(
        record.Id, string.Join(',', record.Parents), record.IsMutable, record.IsShared, Human(record.Size), record.Description, record.UsageCount, record.Type ?? "");

    private static string Summary(IReadOnlyDictionary<string, string> record) => Summary(
        record["ID"],
        record.GetValueOrDefault("Parent", ""),
        record["Mutable"] == "true",
        record["Shared"] == "true",
        record["Size"],
        record.GetValueOrDefault("Description", ""),
        long.Parse(record["Usage count"], CultureInfo.InvariantCulture),
        record.GetValueOrDefault("Type", ""));

    private static string Summary(string id, string parents, bool mutable, bool shared, string size, string description, long count, string type)
        => $"{id} {parents} {mutable} {shared} {size} {description} {(mutable ? 0 : count)} {type}";

    /// <summary>A size as docker writes it: four significant digits, in thousands.</summary>
    private static string Human(long size)
    {
        var (value, unit) = ((double)size, 0);
        while (value >= 1000)
        {
            value /= 1000;
            unit++;
        }

        var digits = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
        return Math.Round(value, digits).ToString("0.###", CultureInfo.InvariantCulture) + s_units[unit];
    }

    /// <summary>What docker prints with --verbose: blocks of <c>Key: value</c>.</summary>
    private static async Task<List<Dictionary<string, string>>> ReadDockerAsync(BuilderFixture fixture, BuilderSelection builder, string command, params string[] arguments)
    {
        var output = await fixture.DockerAsync(["buildx", "--builder", builder.Name!, command, .. arguments]);
        return [.. output.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(ReadBlock).Where(block => block.ContainsKey("ID"))];
    }

    private static Dictionary<string, string> ReadBlock(string block)
    {
        var lines = block.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var record = lines.Where(l => !l.StartsWith(" - ", StringComparison.Ordinal)).Select(l => l.Split(':', 2)).Where(p => p.Length == 2)
            .ToDictionary(p => p[0].Trim(), p => p[1].Trim(), StringComparer.Ordinal);
        // Several parents are lines of their own.
        if (record.ContainsKey("Parents"))
        {
            record["Parent"] = string.Join(',', lines.Where(l => l.StartsWith(" - ", StringComparison.Ordinal)).Select(l => l[3..].Trim()));
        }

        return record;
    }
}
