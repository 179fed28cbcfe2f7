using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Tests.Sessions.Files;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

/// <summary>
/// A hostile engine exports a folder, over the session as a build has it. Whatever it tries, the attempt ends in a typed failure,
/// what it calls a success is none, and nothing has changed, neither outside the destination nor in it.
/// </summary>
public sealed class HostileExportTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static readonly FileEntry s_folder = Folder("d");

    /// <summary>What is tried, what it fails with, and how it is done.</summary>
    private static readonly Dictionary<string, (BuildxFailure Failure, Func<HostileCall, TempFolder, Task> Try)> s_table = new()
    {
        // Paths that lead out of the tree.
        ["a path with .."] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("../victim"))),
        ["a path that leads out with bytes that are not UTF-8"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18, 6, 10, 4, 0xFF, (byte)'/', (byte)'.', (byte)'.'])),
        ["a path with .. in it"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(s_folder, File("d/../../victim"))),
        ["just .."] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Folder(".."))),
        ["an absolute path"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(File(f["victim"]))),
        ["an empty path"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18, 0])),
        ["a path with NUL"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("a\0b"))),
        ["a path with an empty part"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(s_folder, File("d//x"))),
        ["a path with ."] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("./x"))),
        ["just ."] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Folder("."))),
        ["a path that ends in a slash"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Folder("d/"))),
        ["a path that is too long"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File(new string('x', 5000)))),
        ["a name that is too long"] = (BuildxFailure.DestinationNotWritable, (c, _) => c.SendAsync(Folder(new string('x', 300)))),
        ["folders nested deeper than paths can be long"] = (BuildxFailure.DestinationNotWritable, (c, _) => c.SendAsync([.. Nested(16)])),

        // Ways through what was sent before.
        ["a file through a link"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(Link("d", f.Path), File("d/victim"))),
        ["a folder through a link"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(Link("d", f.Path), Folder("d/new"))),
        ["a link replaced by a folder"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(Link("d", f.Path), s_folder, File("d/victim"))),
        ["a folder replaced by a link"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(s_folder, Link("d", f.Path), File("d/victim"))),
        ["a file replaced by a link"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(File("a", 3), Link("a", f["victim"]))),
        ["a file in a file"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("a"), File("a/b"))),
        ["a file in a pipe"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Special("a", FileEntryMode.NamedPipe), File("a/b"))),
        ["a file without its folder"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("d/x"))),
        ["the same path twice"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("a"), File("a"))),
        ["paths out of order"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("b"), File("a"))),
        ["paths in order by their bytes only"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(s_folder, Folder("d-e"), File("d/x"))),

        // Hard links.
        ["a hard link outside by .."] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(HardLink("a", "../victim"))),
        ["a hard link outside by an absolute path"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(HardLink("a", f["victim"]))),
        ["a hard link through a link"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(Link("d", f.Path), HardLink("e", "d/victim"))),
        ["a hard link to a link"] = (BuildxFailure.ProtocolViolation, (c, f) => c.SendAsync(Link("d", f["victim"]), HardLink("e", "d"))),
        ["a hard link to a folder"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(s_folder, HardLink("e", "d"))),
        ["a hard link to a device"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Special("d", FileEntryMode.NamedPipe), HardLink("e", "d"))),
        ["a hard link to what comes later"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(HardLink("a", "b"), File("b"))),
        ["a hard link to itself"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(HardLink("a", "a"))),
        ["a hard link to what is at the destination"] = (BuildxFailure.ProtocolViolation, (c, _) => EndedAsync(c, HardLink("x", "old"))),
        ["a hard link to a file that never comes"] = (BuildxFailure.ProtocolViolation, (c, _) => EndedAsync(c, s_folder, HardLink("x", "d/old"))),

        // Kinds and fields.
        ["a link without a target"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Link("a", ""))),
        ["a link with NUL in its target"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Link("a", "x\0y"))),
        ["a link with a target that is too long"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Link("a", new string('x', 5000)))),
        ["a socket"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Special("a", FileEntryMode.Socket))),
        ["an irregular file"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Special("a", FileEntryMode.Irregular))),
        ["a character device that is no device"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Special("a", FileEntryMode.CharDevice))),
        ["a folder that is also a link"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Link("a", "b") with { Mode = FileEntryMode.Symlink | FileEntryMode.Directory })),
        ["a pipe that is also a device"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Special("a", FileEntryMode.NamedPipe | FileEntryMode.Device))),
        ["every bit of a mode"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(Special("a", (FileEntryMode)uint.MaxValue))),
        ["an attribute without a name"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18, 5, 10, 1, (byte)'a', 82, 0])),
        ["an attribute whose name is not UTF-8"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18, 8, 10, 1, (byte)'a', 82, 3, 10, 1, 0xFF])),
        ["an attribute with NUL in its name"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("a") with { ExtendedAttributes = Attribute("user.\0x", 1) })),
        ["attributes beyond what a message may hold"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("a") with { ExtendedAttributes = Attribute("user.x", 4 * 1024 * 1024) })),
        ["a negative size"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync(File("a", -1))),

        // Bytes.
        ["data that was not requested"] = (BuildxFailure.ProtocolViolation, (c, _) => DataAsync(c, 7, 1)),
        ["data of a folder"] = (BuildxFailure.ProtocolViolation, async (c, _) =>
        {
            await c.AskedAsync(s_folder, File("e", 3));
            await DataAsync(c, 0, 1);
        }
        ),
        ["data of a negative entry"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([8, 2, 24, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 34, 1, 1])),
        ["more data than announced"] = (BuildxFailure.ProtocolViolation, (c, _) => AskedAsync(c, File("a", 3), 4)),
        ["less data than announced"] = (BuildxFailure.ProtocolViolation, (c, _) => AskedAsync(c, File("a", 3), 2, isLast: true)),
        ["less data than a huge size"] = (BuildxFailure.ProtocolViolation, (c, _) => AskedAsync(c, File("a", long.MaxValue), 2, isLast: true)),
        ["data after the end of a file"] = (BuildxFailure.ProtocolViolation, async (c, _) =>
        {
            await c.AskedAsync(File("a", 1), File("b", 1));
            await DataAsync(c, 0, 1, isLast: true);
            await DataAsync(c, 0, 1);
        }
        ),
        ["an entry after the end of the list"] = (BuildxFailure.ProtocolViolation, async (c, _) =>
        {
            await c.Packets.WriteEndOfEntriesAsync(default);
            await c.SendAsync(File("a"));
        }
        ),
        ["a second end of the list"] = (BuildxFailure.ProtocolViolation, async (c, _) =>
        {
            await c.Packets.WriteEndOfEntriesAsync(default);
            await c.Packets.WriteEndOfEntriesAsync(default);
        }
        ),

        // Packets and frames.
        ["a finish before the end"] = (BuildxFailure.ProtocolViolation, (c, _) => c.Packets.WriteFinishAsync(default).AsTask()),
        ["a request from a sender"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([8, 1, 24, 0])),
        ["an unknown kind of packet"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([8, 9])),
        ["a negative kind of packet"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1])),
        ["a number that is cut off"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([8, 0x80])),
        ["a number that does not end"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])),
        ["a field longer than its message"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18, 100, 10, 1])),
        ["a text where a number belongs"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([10, 1, 1])),
        ["garbage"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([0xDE, 0xAD, 0xBE, 0xEF, 0xFF, 0xFF, 0xFF])),
        ["a message of 4 GiB"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18], length: uint.MaxValue)),
        ["a message just above the limit"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18], length: PacketBuffer.MaxLength + 1)),
        ["a compressed message"] = (BuildxFailure.ProtocolViolation, (c, _) => c.SendAsync([18, 0], flag: 1)),
        ["half a message and the end of the stream"] = (BuildxFailure.ProtocolViolation, async (c, _) =>
        {
            await c.SendAsync([18, 50], length: 60);
            await c.Output.CompleteAsync();
        }
        ),
        ["the end of the stream in the middle"] = (BuildxFailure.ProtocolViolation, async (c, _) =>
        {
            await c.AskedAsync(File("a", 10));
            await c.Output.CompleteAsync();
        }
        ),
        ["nothing at all"] = (BuildxFailure.ProtocolViolation, (c, _) => c.Output.CompleteAsync().AsTask()),
    };

    public static TheoryData<string> Attempts => [.. s_table.Keys];

    [Theory]
    [MemberData(nameof(Attempts))]
    public async Task An_export_that_breaks_the_rules_ends_in_a_typed_failure_with_nothing_changed(string attempt)
    {
        using var folder = new TempFolder().File("victim", "untouched").File("out/old", "old");
        var before = TreeText.Of(folder.Path, folderTimes: false);
        await using (var output = new FolderOutput(folder["out"]))
        {
            await using var engine = await FakeHostileEngine.StartAsync(new BuildServices { Outputs = [output] });
            using var call = engine.Call(FakeHostileEngine.Export);

            // What is tried may not come to its end: nobody reads on.
            _ = s_table[attempt].Try(call, folder);
            var failure = await engine.Failed.Task.WaitAsync(s_limit);
            Assert.Equal(s_table[attempt].Failure, failure.Failure);
            Assert.NotEmpty(failure.Advice);
            var (code, message) = await call.EndAsync().WaitAsync(s_limit);
            Assert.Equal((StatusCode.Unknown, failure.Message), (code, message));

            // It may say that all went well, all the same. What comes when every file is there may come too late to be refused
            // here: then it is the failure above that refuses the build.
            var refused = await Record.ExceptionAsync(() => output.PrepareAsync(default));
            Assert.True(refused is BuildxException { Failure: BuildxFailure.ProtocolViolation } || (refused is null && attempt == "a second end of the list"), $"{refused}");
        }

        Assert.Equal(before, TreeText.Of(folder.Path, folderTimes: false));
    }

    [Fact]
    public async Task Entries_without_end_are_refused_before_they_fill_the_memory()
    {
        using var folder = new TempFolder();
        await using var output = new FolderOutput(folder["out"]);
        await using var tree = output.OpenTree();
        using var call = new FakeCall();
        using var packets = new PacketWriter(call.Response);
        using var receiver = new FileReceiver(tree, call.Request, packets, maxHeldBytes: 1024 * 1024);
        var receiving = receiver.RunAsync(default);

        var sent = 0;
        while (!receiving.IsCompleted)
        {
            await Task.WhenAny(receiving, call.Engine.WriteEntryAsync(File($"{sent++:d9}{new string('x', 200)}", 1), default).AsTask());
        }

        var failure = await Assert.ThrowsAsync<BuildxException>(() => receiving.WaitAsync(s_limit));
        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
        Assert.InRange(sent, 500, 10_000);
    }

    [Fact]
    public async Task Entries_with_much_that_nobody_knows_are_refused_before_they_fill_the_memory()
    {
        using var folder = new TempFolder();
        await using var output = new FolderOutput(folder["out"]);
        await using var tree = output.OpenTree();
        using var call = new FakeCall();
        using var packets = new PacketWriter(call.Response);
        using var receiver = new FileReceiver(tree, call.Request, packets, maxHeldBytes: 8 * 1024 * 1024);
        var receiving = receiver.RunAsync(default);

        var sent = 0;
        while (!receiving.IsCompleted && sent < 2000)
        {
            await Task.WhenAny(receiving, call.EngineOutput.WriteAsync(EntryWith(100_000, sent++)).AsTask());
        }

        var failure = await Assert.ThrowsAsync<BuildxException>(() => receiving.WaitAsync(s_limit));
        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
        Assert.InRange(sent, 20, 1000);
    }

    /// <summary>A file of one byte, with a field that the protocol does not have.</summary>
    private static byte[] EntryWith(int unknownBytes, int number)
    {
        byte[] stat = [0x0A, 9, .. System.Text.Encoding.ASCII.GetBytes($"{number:d9}"), 0x10, 0xA4, 0x03, 0x28, 1, 0x7A, .. Varint(unknownBytes), .. new byte[unknownBytes]];
        byte[] packet = [0x12, .. Varint(stat.Length), .. stat];
        return [0, (byte)(packet.Length >> 24), (byte)(packet.Length >> 16), (byte)(packet.Length >> 8), (byte)packet.Length, .. packet];
    }

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value > 0x7F; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }

    private static FileEntry File(string path, long size = 0) => new() { Path = path, Mode = (FileEntryMode)0x1A4, Size = size };

    private static FileEntry Folder(string path) => new() { Path = path, Mode = FileEntryMode.Directory | (FileEntryMode)0x1ED };

    private static FileEntry Link(string path, string target) => new() { Path = path, Mode = FileEntryMode.Symlink | (FileEntryMode)0x1FF, LinkName = target };

    private static FileEntry HardLink(string path, string to) => File(path) with { LinkName = to };

    private static FileEntry Special(string path, FileEntryMode mode) => new() { Path = path, Mode = mode | (FileEntryMode)0x1B6 };

    private static Dictionary<string, ReadOnlyMemory<byte>> Attribute(string name, int length) => new() { [name] = new byte[length] };

    private static IEnumerable<FileEntry> Nested(int depth) =>
        Enumerable.Range(1, depth).Select(d => Folder(string.Join('/', Enumerable.Repeat(new string('d', 254), d))));

    private static async Task DataAsync(HostileCall call, uint id, int length, bool isLast = false)
    {
        await call.Packets.WriteDataAsync(id, new byte[length], isLast, default);
        await call.Packets.FlushAsync(default);
    }

    private static async Task EndedAsync(HostileCall call, params FileEntry[] entries)
    {
        await call.SendAsync(entries);
        await call.Packets.WriteEndOfEntriesAsync(default);
        await call.Packets.FlushAsync(default);
    }

    private static async Task AskedAsync(HostileCall call, FileEntry file, int length, bool isLast = false)
    {
        await call.AskedAsync(file);
        await DataAsync(call, 0, length, isLast);
    }
}
