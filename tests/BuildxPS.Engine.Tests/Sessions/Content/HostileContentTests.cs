using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Content;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Tests.Sessions.Files;
using Google.Protobuf;
using static BuildxPS.Engine.Tests.Sessions.Content.FakeContentCall;

namespace BuildxPS.Engine.Tests.Sessions.Content;

/// <summary>
/// An engine that misuses the content service: each attempt ends with a status, what is the engine's fault as a typed failure
/// too, and nothing is put anywhere.
/// </summary>
public sealed class HostileContentTests
{
    private const string Valid = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    private static readonly byte[] s_content = FakeContentEngine.Random(1000);
    private static readonly string s_digest = FakeContentEngine.Digest(s_content);

    public static TheoryData<string> Writes => [.. s_writes.Keys];

    public static TheoryData<string> Questions => [.. s_questions.Keys];

    public static TheoryData<string> BadDigests =>
    [
        "", ":", "sha256", "sha256:", "sha256:../../../../etc/passwd", "../blobs:0", "sha256:" + new string('0', 63), "sha256:" + new string('0', 65),
        "sha256:" + new string('A', 64), "sha256:" + new string('g', 64), "SHA256:" + new string('0', 64), "sha512:" + new string('0', 64), "md5:" + new string('0', 32),
        "sha384:" + new string('0', 96), "sha256:" + new string('0', 62) + "/x", " " + Valid, Valid + " ", Valid + "\n", Valid + "\0", "sha256::" + new string('0', 64),
        "sha256:" + new string('٠', 64),
    ];

    private static readonly Dictionary<string, Func<FakeContentCall, Task>> s_writes = new()
    {
        ["no reference"] = c => c.SendAsync(Write(0, total: 5)),
        ["a reference that is too long"] = c => c.SendAsync(Write(0, new string('x', WriteRequests.MaxReference + 1), 5)),
        ["a reference that is not UTF-8"] = c => c.SendAsync([18, 1, 0xFF]),
        ["a digest that leads out"] = c => c.SendAsync(Write(0, "r", 5, "sha256:../../../../victim")),
        ["a digest that is too long"] = c => c.SendAsync(Write(0, "r", 5, new string('a', 300))),
        ["a negative total"] = c => c.SendAsync(Write(0, "r", -1)),
        ["a negative offset"] = c => Begun(c, Write(1, offset: -1, data: [1])),
        ["an offset ahead"] = c => Begun(c, Write(1, offset: 7, data: [1])),
        ["an offset behind"] = c => Begun(c, Write(1, data: [1, 2, 3]), Write(1, offset: 2, data: [1])),
        ["an action that is not known"] = c => Begun(c, Write(7)),
        ["a negative action"] = c => Begun(c, Write(-1)),
        ["data without a total"] = c => c.SendAsync(Write(1, "r", data: [1])),
        ["more data than the total"] = c => Begun(c, Write(1, data: new byte[1001])),
        ["more data than the total, bit by bit"] = c => Begun(c, [.. Enumerable.Range(0, 12).Select(i => Write(1, offset: i * 100, data: new byte[100]))]),
        ["a total that grows"] = c => Begun(c, Write(1, total: 2000, data: new byte[1000])),
        ["data with a question for the status"] = c => Begun(c, Write(0, data: [1])),
        ["less data than the total"] = c => Begun(c, Write(1, data: new byte[999]), Write(2, total: 1000, expected: s_digest, offset: 999)),
        ["nothing at all"] = c => Begun(c, Write(2, total: 1000, expected: s_digest)),
        ["another content than the digest's"] = c => Begun(c, Write(1, data: new byte[1000]), Write(2, total: 1000, expected: s_digest, offset: 1000)),
        ["another digest at the end"] = c => Begun(c, Write(1, data: s_content), Write(2, total: 1000, expected: Valid, offset: 1000)),
        ["another algorithm at the end"] = c => Begun(c, Write(1, data: s_content), Write(2, total: 1000, expected: "sha512:" + new string('0', 128), offset: 1000)),
        ["no digest at the end"] = c => Begun(c, Write(1, data: s_content), Write(2, total: 1000, expected: "x:y", offset: 1000)),
        ["what says where data goes behind the data"] = c => Begun(c, Write(1, offset: 5, data: [1], dataFirst: true), Write(0)),
        ["data twice"] = c => Begun(c, [.. Write(1, data: [1]), .. Write(0, data: [2])], Write(0)),
        ["data that is longer than its message"] = c => Begun(c, [8, 1, 50, 200, 1, 0]),
        ["a field that is longer than its message"] = c => Begun(c, [18, 100, 0]),
        ["a field without a number"] = c => Begun(c, [0]),
        ["an unknown encoding"] = c => Begun(c, [63]),
        ["a number that does not end"] = c => Begun(c, [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ["a number where bytes belong"] = c => Begun(c, [48, 1]),
        ["a head without end"] = async c =>
        {
            await Begun(c);
            await c.Raw.SendRawAsync([122, 255, 255, 127, .. new byte[100_000]], length: 2_097_154);
        },
        ["a compressed message"] = async c => await c.Raw.SendRawAsync(Write(0, "r", 5), flag: 1),
        ["a message that is too long"] = async c => await c.Raw.SendRawAsync(Write(0, "r", 5), length: 17 * 1024 * 1024),
        ["half a message and the end"] = async c =>
        {
            await Begun(c);
            await c.Raw.SendRawAsync(Write(1, data: new byte[100]), length: 500);
            await c.Raw.EngineOutput.CompleteAsync();
        },
        ["half of the data and the end"] = async c =>
        {
            await Begun(c);
            await c.Raw.SendRawAsync(Write(1, data: new byte[900])[..500], length: Write(1, data: new byte[900]).Length);
            await c.Raw.EngineOutput.CompleteAsync();
        },
    };

    private static readonly Dictionary<string, (string Method, IMessage Question, string? Store)> s_questions = new()
    {
        ["no store"] = ("Info", new InfoRequest { Digest = Valid }, null),
        ["an unknown store"] = ("Info", new InfoRequest { Digest = Valid }, "local:/etc"),
        ["a store by part of its name"] = ("Info", new InfoRequest { Digest = Valid }, ""),
        ["content that is not there"] = ("Info", new InfoRequest { Digest = Valid }, "s"),
        ["reading what is not there"] = ("Read", new ReadContentRequest { Digest = Valid }, "s"),
        ["a filter"] = ("List", new ListContentRequest { Filters = { "size>1" } }, "s"),
        ["a filter of writes"] = ("ListStatuses", new ListStatusesRequest { Filters = { "ref==x" } }, "s"),
        ["the status of nothing"] = ("Status", new StatusRequest { Ref = "../../x" }, "s"),
        ["aborting nothing"] = ("Abort", new AbortRequest { Ref = "../../x" }, "s"),
        ["aborting in a store for reading"] = ("Abort", new AbortRequest { Ref = "x" }, "read"),
        ["deleting"] = ("Delete", new InfoRequest { Digest = Valid }, "s"),
        ["labelling"] = ("Update", new InfoRequest { Digest = Valid }, "s"),
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task A_write_that_is_wrong_leaves_nothing(string attack)
    {
        using var folder = new TempFolder().File("victim", "untouched");
        var output = new LayoutOutput(folder["layout"]);
        var engine = new FakeContentEngine(("s", output));
        using (var call = engine.Call("Write"))
        {
            // The call may end before the engine has sent all of it.
            await s_writes[attack](call).ContinueWith(_ => { }, TaskScheduler.Default);
            await Assert.ThrowsAsync<SessionStatusException>(() => call.Ended.WaitAsync(FakeContentEngine.Guard));
        }

        Assert.All(engine.Failures, f => Assert.Contains(f.Failure, new[] { BuildxFailure.ProtocolViolation, BuildxFailure.DigestMismatch }));
        Assert.Empty(output.List());
        await output.DisposeAsync();
        Assert.Equal(["victim"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
        Assert.Equal("untouched", File.ReadAllText(folder["victim"]));
    }

    [Theory]
    [MemberData(nameof(Questions))]
    public async Task A_question_that_is_wrong_is_refused(string attack)
    {
        using var folder = new TempFolder().Folder("layout/blobs/sha256");
        await using var output = new LayoutOutput(folder["layout"]);
        using var store = new LayoutStore(folder["layout"]);
        var engine = new FakeContentEngine(("s", output), ("read", store));
        var (method, question, name) = s_questions[attack];

        Assert.NotEqual(Grpc.Core.StatusCode.Internal, await engine.RefusedAsync(method, question, name));

        Assert.Equal(["blobs", "sha256"], Directory.EnumerateFileSystemEntries(folder["layout"], "*", SearchOption.AllDirectories).Select(Path.GetFileName));
    }

    [Theory]
    [MemberData(nameof(BadDigests))]
    public async Task Only_digests_become_paths(string digest)
    {
        using var folder = new TempFolder().File("layout/blobs/sha256/x");
        using var store = new LayoutStore(folder["layout"]);
        var engine = new FakeContentEngine(("s", store));

        Assert.False(ContentDigest.TryParse(digest, out _));
        Assert.Equal(Grpc.Core.StatusCode.InvalidArgument, await engine.RefusedAsync("Info", new InfoRequest { Digest = digest }));
        Assert.Equal(Grpc.Core.StatusCode.InvalidArgument, await engine.RefusedAsync("Read", new ReadContentRequest { Digest = digest }));
    }

    [Fact]
    public async Task A_store_for_reading_is_never_written_to()
    {
        using var folder = new TempFolder().Folder("layout/blobs/sha256");
        using var store = new LayoutStore(folder["layout"]);
        var engine = new FakeContentEngine(("s", store));

        await Assert.ThrowsAnyAsync<Exception>(() => engine.WriteAsync(s_content));

        Assert.Equal(BuildxFailure.ProtocolViolation, Assert.Single(engine.Failures).Failure);
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Many_writes_that_do_not_end_are_bounded()
    {
        using var folder = new TempFolder();
        await using var output = new LayoutOutput(folder["layout"]);
        var engine = new FakeContentEngine(("s", output));
        for (var i = 0; i < LayoutOutput.MaxUnfinished; i++)
        {
            using var call = engine.Call("Write");
            await call.SendAsync(Write(0, $"r{i}", 1000));
            await call.AnswerAsync();
        }

        using var last = engine.Call("Write");
        await last.SendAsync(Write(0, "one more", 1000));

        Assert.Equal(Grpc.Core.StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<SessionStatusException>(() => last.Ended.WaitAsync(FakeContentEngine.Guard))).Code);
    }

    [Fact]
    public async Task Data_comes_in_any_pieces()
    {
        var random = new Random(7);
        var content = FakeContentEngine.Random(60_000);
        for (var round = 0; round < 8; round++)
        {
            using var folder = new TempFolder();
            await using var output = new LayoutOutput(folder["layout"]);
            var engine = new FakeContentEngine(("s", output));
            using var call = engine.Call("Write");
            byte[][] messages =
            [
                Write(0, "r", content.Length, FakeContentEngine.Digest(content)),
                [.. Write(1, data: content[..45_000]), 58, 2, 10, 0],
                Write(1, offset: 45_000, data: content[45_000..]),
                Write(2, total: content.Length, offset: content.Length),
            ];
            foreach (var message in messages)
            {
                var framed = new byte[GrpcMessage.HeaderLength + message.Length];
                GrpcMessage.WriteHeader(framed, message.Length);
                message.CopyTo(framed, GrpcMessage.HeaderLength);
                for (var at = 0; at < framed.Length;)
                {
                    var piece = Math.Min(framed.Length - at, random.Next(10) < 8 ? random.Next(1, 8) : random.Next(1, 20_000));
                    await call.Raw.EngineOutput.WriteAsync(framed.AsMemory(at, piece));
                    at += piece;
                }

                await call.AnswerAsync();
            }

            await call.Ended.WaitAsync(FakeContentEngine.Guard);
            Assert.Equal(content, await engine.ReadAsync(FakeContentEngine.Digest(content)));
        }
    }

    private static async Task Begun(FakeContentCall call, params byte[][] messages)
    {
        await call.SendAsync(Write(0, "r", 1000, s_digest));
        await call.AnswerAsync();
        foreach (var message in messages)
        {
            await call.SendAsync(message);
            await call.AnswerAsync();
        }
    }
}
