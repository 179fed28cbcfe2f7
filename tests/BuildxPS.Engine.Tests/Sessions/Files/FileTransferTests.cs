using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;
using CsCheck;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class FileTransferTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void Any_tree_arrives_as_it_was_sent()
    {
        var name = Gen.OneOf("a", "b", "a-b", "a.txt", "Ü", "😀", "with blank", ".hidden", "c");
        var path = name.Array[1, 4].Select(parts => string.Join('/', parts));
        var content = Gen.OneOf(Gen.Const(0), Gen.Int[1, 5000], Gen.OneOf(32 * 1024, 32 * 1024 + 1, 256 * 1024, 256 * 1024 + 1, 700_000));
        var mode = Gen.OneOf(0x1A4, 0x1ED, 0x124, 0x9ED, 0x5ED, 0x180, 0);
        var entry = Gen.Select(path, Gen.Int[0, 6], content, mode, Gen.Long[-1_000_000_000_000, 2_000_000_000_000_000_000]);

        entry.Array[0, 25].Sample(
            entries =>
            {
                using var source = new TempFolder();
                using var target = new TempFolder();
                Make(source, entries);

                TransferAsync(source.Path, target["out"]).WaitAsync(s_limit).GetAwaiter().GetResult();

                Assert.Equal(TreeText.Of(source.Path), TreeText.Of(target["out"]));
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public async Task Many_files_arrive()
    {
        using var source = new TempFolder();
        using var target = new TempFolder();
        for (var i = 0; i < 3000; i++)
        {
            source.File($"{i % 50}/{i}", new string('x', i));
        }

        await TransferAsync(source.Path, target["out"]).WaitAsync(s_limit);

        Assert.Equal(TreeText.Of(source.Path), TreeText.Of(target["out"]));
    }

    [Fact]
    public async Task An_empty_tree_makes_an_empty_folder()
    {
        using var source = new TempFolder();
        using var target = new TempFolder();

        await TransferAsync(source.Path, target["out"]).WaitAsync(s_limit);

        Assert.Empty(Directory.GetFileSystemEntries(target["out"]));
    }

    [Fact]
    public async Task Selected_files_arrive_with_their_parents()
    {
        using var source = new TempFolder().File("a/b/c", "1").File("a/d", "2").File("ünder/e", "3");
        using var target = new TempFolder();

        await TransferAsync(
            source.Path,
            target["out"],
            ("include-patterns", "a%2Fb"),
            ("include-patterns", "%C3%BCnder"),
            ("include-patterns-encoded", "1"),
            ("exclude-patterns", "a/b/x%2B+")).WaitAsync(s_limit);

        Assert.Equal("a a/b a/b/c ünder ünder/e", TreeText.Paths(target["out"]));
    }

    [Fact]
    public async Task An_unknown_folder_is_refused_by_name()
    {
        using var call = new FakeCall(("dir-name", "secret"));

        var refused = await Assert.ThrowsAsync<SessionStatusException>(() => new FileSyncMethod(new Dictionary<string, IFileSource>()).InvokeAsync(call));

        Assert.Equal(Grpc.Core.StatusCode.NotFound, refused.Code);
        Assert.Equal("no access allowed to dir \"secret\"", refused.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300_000)]
    public async Task A_file_that_grew_or_shrank_fails_by_name_on_both_sides(int newLength)
    {
        using var folder = new TempFolder().File("log/growing", new string('x', 200_000));
        BuildxException? failure = null;
        using var call = new FakeCall(("dir-name", "context"));
        var serving = call.InvokeAsync(Method(folder, e => failure = e));
        await ReadEntriesAsync(call);
        folder.File("log/growing", new string('y', newLength));

        await call.Engine.WriteRequestAsync(1, default);
        await call.Engine.FlushAsync(default);
        var told = await ReadErrorAsync(call);
        await Assert.ThrowsAsync<SessionStatusException>(() => serving.WaitAsync(s_limit));

        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure!.Failure);
        Assert.Contains("log/growing", failure.Message, StringComparison.Ordinal);
        Assert.Equal(failure.Message, told);
    }

    [Fact]
    public async Task A_file_that_vanished_fails_by_name_on_both_sides()
    {
        using var folder = new TempFolder().File("here", "x");
        BuildxException? failure = null;
        using var call = new FakeCall(("dir-name", "context"));
        var serving = call.InvokeAsync(Method(folder, e => failure = e));
        await ReadEntriesAsync(call);
        File.Delete(folder["here"]);

        await call.Engine.WriteRequestAsync(0, default);
        await call.Engine.FlushAsync(default);
        var told = await ReadErrorAsync(call);
        await Assert.ThrowsAsync<SessionStatusException>(() => serving.WaitAsync(s_limit));

        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure!.Failure);
        Assert.Contains("'here'", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finish_ends_the_call_though_the_engine_stays()
    {
        using var folder = new TempFolder().File("a", "x");
        using var call = new FakeCall(("dir-name", "context"));
        var serving = call.InvokeAsync(Method(folder));
        await ReadEntriesAsync(call);

        await call.Engine.WriteFinishAsync(default);

        Assert.Equal(PacketKind.Finish, (await call.ReadAsync())!.Value.Kind);
        await serving.WaitAsync(s_limit);
    }

    [Fact]
    public async Task An_engine_that_reads_nothing_costs_no_memory_and_ends_when_dropped()
    {
        using var folder = new TempFolder();
        for (var i = 0; i < 20; i++)
        {
            folder.File($"{i:00}", new string('x', 1_000_000));
        }

        using var call = new FakeCall(("dir-name", "context"));
        var serving = call.InvokeAsync(Method(folder));
        for (uint i = 0; i < 20; i++)
        {
            await call.ReadAsync();
        }

        for (uint i = 0; i < 20; i++)
        {
            await call.Engine.WriteRequestAsync(i, default);
        }

        await call.Engine.FlushAsync(default);
        call.Abort();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving.WaitAsync(s_limit));
    }

    public static TheoryData<string, byte[]> HostileReceivers => new()
    {
        { "a request of an entry that is not there", [8, 1, 24, 99] },
        { "a request of a folder", [8, 1, 24, 1] },
        { "a request of a link", [8, 1, 24, 2] },
        { "data from a receiver", [8, 2, 34, 1, 1] },
        { "an entry from a receiver", [8, 0, 18, 0] },
        { "an unknown kind of packet", [8, 77] },
        { "a number that does not end", [8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF] },
        { "a field longer than its message", [34, 100, 1] },
        { "a field number of zero", [0, 1] },
        { "a group, which the protocol does not have", [11, 12] },
    };

    [Theory]
    [MemberData(nameof(HostileReceivers))]
    public async Task A_hostile_receiver_gets_a_typed_end(string what, byte[] message)
    {
        await EndsInViolationAsync(call => call.SendRawAsync(message), what);
    }

    [Fact]
    public async Task A_file_is_sent_once()
    {
        await EndsInViolationAsync(
            async call =>
            {
                await call.Engine.WriteRequestAsync(0, default);
                await call.Engine.WriteRequestAsync(0, default);
                await call.Engine.FlushAsync(default);
            },
            "the same request twice");
    }

    [Fact]
    public async Task A_message_that_is_too_long_is_refused_by_its_header()
    {
        await EndsInViolationAsync(call => call.SendRawAsync([8], length: int.MaxValue), "a length of 2 GiB");
        await EndsInViolationAsync(call => call.SendRawAsync([8, 3], flag: 1), "a compressed message");
    }

    [Fact]
    public async Task A_receiver_that_just_ends_gets_a_typed_end()
    {
        await EndsInViolationAsync(call => call.EngineOutput.CompleteAsync().AsTask(), "no finish");
    }

    [Fact]
    public async Task An_error_of_the_engine_is_the_engines_to_report()
    {
        using var folder = new TempFolder().File("a", "x");
        BuildxException? failure = null;
        using var call = new FakeCall(("dir-name", "context"));
        var serving = call.InvokeAsync(Method(folder, e => failure = e));

        await call.Engine.WriteErrorAsync("disk\u001b[31m full", default);
        var ended = await Assert.ThrowsAsync<SessionStatusException>(() => serving.WaitAsync(s_limit));

        Assert.Null(failure);
        Assert.Equal("error from receiver: disk\\u001b[31m full", ended.Message);
    }

    private static async Task EndsInViolationAsync(Func<FakeCall, Task> attack, string what)
    {
        using var folder = new TempFolder().File("a", "x").Folder("b").Link("c", "a");
        BuildxException? failure = null;
        using var call = new FakeCall(("dir-name", "context"));
        var serving = call.InvokeAsync(Method(folder, e => failure = e));
        await ReadEntriesAsync(call);

        await attack(call);
        _ = await Assert.ThrowsAsync<SessionStatusException>(() => serving.WaitAsync(s_limit));

        Assert.True(failure is { Failure: BuildxFailure.ProtocolViolation }, what);
    }

    private static FileSyncMethod Method(TempFolder folder, Action<BuildxException>? onFailure = null) =>
        new(new Dictionary<string, IFileSource> { ["context"] = new LocalFileSource(folder.Path) }, onFailure);

    private static async Task ReadEntriesAsync(FakeCall call)
    {
        while (await call.ReadAsync() is { Kind: PacketKind.Stat, Entry: not null })
        {
        }
    }

    private static async Task<string?> ReadErrorAsync(FakeCall call)
    {
        while (await call.ReadAsync() is { } packet)
        {
            if (packet.Kind == PacketKind.Error)
            {
                return System.Text.Encoding.UTF8.GetString(packet.Data);
            }
        }

        return null;
    }

    /// <summary>Our sender and our receiver, back to back.</summary>
    private static async Task TransferAsync(string source, string destination, params (string, string)[] headers)
    {
        var (toReceiver, toSender) = (new Pipe(), new Pipe());
        using var sending = new FakeCall([("dir-name", "context"), .. headers]);
        var output = new FolderOutput(destination);
        await using (output)
        {
            var send = Task.Run(async () => await new FileSyncMethod(
                new Dictionary<string, IFileSource> { ["context"] = new LocalFileSource(source) }).InvokeAsync(new PipedCall(sending, toSender.Reader, toReceiver.Writer)));
            var receive = Task.Run(async () => await new FileSendMethod([output]).InvokeAsync(new PipedCall(new FakeCall(), toReceiver.Reader, toSender.Writer)));
            await Task.WhenAll(send, receive);
            await output.PlaceAsync();
        }
    }

    private static void Make(TempFolder folder, (string Path, int Kind, int Length, int Mode, long Time)[] entries)
    {
        var files = new List<string>();
        foreach (var (path, kind, length, mode, time) in entries)
        {
            try
            {
                switch (kind)
                {
                    case 0:
                        folder.Folder(path);
                        break;
                    case 1:
                        folder.Link(path, files.Count > 0 ? files[^1] : "/nowhere");
                        break;
                    case 2 when files.Count > 0:
                        folder.HardLink(path, files[^1]);
                        break;
                    case 3 when !Path.Exists(folder[path]):
                        folder.Folder(Path.GetDirectoryName(path)!);
                        IFileSystem.Current.CreateSpecial(folder[path], new FileEntry { Path = path, Mode = FileEntryMode.NamedPipe });
                        break;
                    default:
                        if (Path.Exists(folder[path]))
                        {
                            break;
                        }

                        folder.File(path, new string((char)('a' + (length % 26)), length), mode);
                        files.Add(path);
                        break;
                }

                var status = IFileSystem.Current.Status(folder[path])!.Value;
                IFileSystem.Current.SetMetadata(folder[path], new FileEntry { Path = path, Mode = status.Mode, ModifiedNanoseconds = time });
            }
            catch (IOException)
            {
                // A file stands where this entry needs a folder.
            }
        }
    }

    private sealed class PipedCall(FakeCall inner, PipeReader request, PipeWriter response) : ISessionCall
    {
        public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> Headers => inner.Headers;

        public PipeReader Request => request;

        public PipeWriter Response => response;

        public CancellationToken Aborted => inner.Aborted;

        public IReadOnlyList<string> Header(string name) => inner.Header(name);
    }
}
