using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Protocol;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Tests.Sessions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>A fake engine that says what it likes about its cache.</summary>
public sealed class HostileCacheTests
{
    private const string Control = "/moby.buildkit.v1.Control/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static UsageRecord Odd => new()
    {
        Id = "\u001b]0;x\u0007id" + new string('i', 100_000),
        Size = long.MinValue,
        UsageCount = -5,
        Description = "one\ntwo\u001b[2J" + new string('d', 1_000_000),
        RecordType = new string('t', 100_000),
        CreatedAt = new Timestamp { Seconds = long.MaxValue, Nanos = -1 },
        Parent = "old",
    };

    [Fact]
    public async Task Records_are_cut_and_those_without_an_id_left_out()
    {
        var answer = new byte[][] { Framed(Odd), Framed(new UsageRecord { Size = 1 }), [0x12, 1, 0], Framed(new UsageRecord { Id = "good", Size = 7, InUse = true }) }.SelectMany(b => b).ToArray();
        await using var engine = Fake(new FakeMethod(Control + "DiskUsage", call => SendAsync(call, answer)));
        var records = await engine.ListCacheAsync(new CacheSelection(), Token).ToListAsync(Token);
        Assert.Equal(2, records.Count);
        AssertCut(records[0]);
        Assert.Equal(("good", 7, false, null), (records[1].Id, records[1].Size, records[1].IsReclaimable, records[1].Type));
    }

    [Fact]
    public async Task Removed_records_are_cut()
    {
        await using var engine = Fake(new FakeMethod(Control + "Prune", call => FakeMethod.SendAsync(call, Odd)));
        AssertCut(Assert.Single(await engine.PruneCacheAsync(new CachePruning(), Token).ToListAsync(Token)));
    }

    [Theory]
    [InlineData(new byte[] { 0x0A, 0x05, 1 })]
    [InlineData(new byte[] { 0x0A, 0x02, 0x0A, 0x05 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    public async Task An_answer_that_is_none_is_a_breach_of_the_protocol(byte[] answer)
    {
        await using var engine = Fake(new FakeMethod(Control + "DiskUsage", call => SendAsync(call, answer)));
        var failed = await Assert.ThrowsAsync<BuildxException>(async () => await engine.ListCacheAsync(new CacheSelection(), Token).ToListAsync(Token));
        Assert.Equal(BuildxFailure.ProtocolViolation, failed.Failure);
        Assert.Contains("fake://engine", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_of_a_million_empty_parents_is_refused()
    {
        var parents = Enumerable.Repeat(new byte[] { 0x62, 0 }, 1_000_000).SelectMany(b => b).ToArray();
        await using var engine = Fake(new FakeMethod(Control + "Prune", call => SendAsync(call, parents)));
        var failed = await Assert.ThrowsAnyAsync<BuildxException>(async () => await engine.PruneCacheAsync(new CachePruning(), Token).ToListAsync(Token));
        Assert.Equal(BuildxFailure.ProtocolViolation, failed.Failure);
    }

    [Fact]
    public async Task An_engine_without_the_call_says_so()
    {
        await using var engine = Fake();
        var failed = await Assert.ThrowsAnyAsync<BuildxException>(async () => await engine.ListCacheAsync(new CacheSelection(), Token).ToListAsync(Token));
        Assert.Equal(BuildxFailure.EngineUnsupported, failed.Failure);
    }

    [Fact]
    public async Task An_engine_that_stops_answering_is_lost()
    {
        await using var engine = Fake(
            new EngineSilence { Quiet = TimeSpan.FromSeconds(6), Answer = TimeSpan.FromSeconds(1) },
            new FakeMethod(Control + "DiskUsage", FakeMethod.HangAsync),
            new FakeMethod(Control + "Prune", async call =>
            {
                await FakeMethod.SendAsync(call, new UsageRecord { Id = "first" });
                await FakeMethod.HangAsync(call);
            }),
            new FakeMethod(Control + "Info", FakeMethod.HangAsync));
        var listing = await Assert.ThrowsAsync<BuildxException>(async () => await engine.ListCacheAsync(new CacheSelection(), Token).ToListAsync(Token).AsTask().WaitAsync(RealEngine.Guard, Token));
        Assert.Equal(BuildxFailure.EngineLost, listing.Failure);
        var seen = new List<string>();
        var pruning = await Assert.ThrowsAsync<BuildxException>(async () =>
        {
            await foreach (var record in engine.PruneCacheAsync(new CachePruning(), Token))
            {
                seen.Add(record.Id);
            }
        }).WaitAsync(RealEngine.Guard, Token);
        Assert.Equal((BuildxFailure.EngineLost, "first"), (pruning.Failure, Assert.Single(seen)));
    }

    [Fact]
    public async Task An_engine_that_measures_for_long_is_waited_for()
    {
        await using var engine = Fake(
            new EngineSilence { Quiet = TimeSpan.FromMilliseconds(100), Answer = RealEngine.Guard },
            new FakeMethod(Control + "DiskUsage", async call =>
            {
                await Task.Delay(700, call.Aborted);
                await SendAsync(call, Framed(new UsageRecord { Id = "late" }));
            }),
            new FakeMethod(Control + "Info", call => FakeMethod.SendAsync(call, new InfoResponse())));
        Assert.Equal("late", Assert.Single(await engine.ListCacheAsync(new CacheSelection(), Token).ToListAsync(Token)).Id);
    }

    private static void AssertCut(CacheRecord record)
    {
        Assert.StartsWith("idiii", record.Id, StringComparison.Ordinal);
        Assert.InRange(record.Id.Length, 2, 256);
        Assert.StartsWith("one two", record.Description, StringComparison.Ordinal);
        Assert.InRange(record.Description.Length, 2, 4096);
        Assert.InRange(record.Type!.Length, 2, 64);
        Assert.Equal((0, 0, "old"), (record.Size, record.UsageCount, Assert.Single(record.Parents)));
        Assert.Null(record.CreatedAt);
        Assert.Null(record.LastUsedAt);
    }

    private static byte[] Framed(UsageRecord record)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(1, Google.Protobuf.WireFormat.WireType.LengthDelimited);
            output.WriteBytes(record.ToByteString());
        }

        return stream.ToArray();
    }

    private static async Task SendAsync(ISessionCall call, byte[] message)
    {
        var frame = new byte[GrpcMessage.HeaderLength + message.Length];
        GrpcMessage.WriteHeader(frame, message.Length);
        message.CopyTo(frame, GrpcMessage.HeaderLength);
        await call.Response.WriteAsync(frame, call.Aborted);
    }

    private static BuildKitEngine Fake(params ISessionMethod[] methods) => Fake(new EngineSilence(), methods);

    private static BuildKitEngine Fake(EngineSilence silence, params ISessionMethod[] methods) => new(
        new FakeConnector(stream => SessionServer.StartAsync(stream, methods, default)),
        null,
        "fake://engine",
        silence);
}
