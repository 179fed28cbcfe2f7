using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>An engine that sends an export it should not: each attempt ends in a typed failure, and nothing outside changes.</summary>
public sealed class HostileSenderTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private static readonly FileEntry s_folder = new() { Path = "d", Mode = FileEntryMode.Directory | (FileEntryMode)0x1ED };

    public static TheoryData<string> Attacks => [.. s_attacks.Keys];

    private static readonly Dictionary<string, Func<FakeCall, TempFolder, Task>> s_attacks = new()
    {
        ["a path with .."] = (c, _) => Entries(c, File("../victim")),
        ["a path with .. in it"] = (c, _) => Entries(c, s_folder, File("d/../../victim")),
        ["just .."] = (c, _) => Entries(c, s_folder with { Path = ".." }),
        ["an absolute path"] = (c, f) => Entries(c, File(f["victim"])),
        ["an empty path"] = (c, _) => c.SendRawAsync([18, 0]),
        ["a path with NUL"] = (c, _) => Entries(c, File("a\0b")),
        ["a path with an empty part"] = (c, _) => Entries(c, s_folder, File("d//x")),
        ["a path with ."] = (c, _) => Entries(c, File("./x")),
        ["a path that ends in a slash"] = (c, _) => Entries(c, s_folder with { Path = "d/" }),
        ["a path that is too long"] = (c, _) => Entries(c, File(new string('x', 5000))),
        ["a name that is too long"] = (c, _) => Ask(c, File(new string('x', 300))),
        ["a path that is not UTF-8"] = (c, _) => c.SendRawAsync([18, 3, 10, 1, 0xFF]),
        ["a file through a link"] = (c, f) => Entries(c, Link("d", f.Path), File("d/victim")),
        ["a folder through a link"] = (c, f) => Entries(c, Link("d", f.Path), s_folder with { Path = "d/new" }),
        ["a link replaced by a folder"] = (c, f) => Entries(c, Link("d", f.Path), s_folder, File("d/victim")),
        ["a file in a file"] = (c, _) => Entries(c, File("a"), File("a/b")),
        ["a file without its folder"] = (c, _) => Entries(c, File("d/x")),
        ["the same path twice"] = (c, _) => Entries(c, File("a"), File("a")),
        ["paths out of order"] = (c, _) => Entries(c, File("b"), File("a")),
        ["paths in order by their bytes only"] = (c, _) => Entries(c, s_folder, s_folder with { Path = "d-e" }, File("d/x")),
        ["a hard link outside by .."] = (c, _) => Entries(c, File("a") with { LinkName = "../victim" }),
        ["a hard link outside by an absolute path"] = (c, f) => Entries(c, File("a") with { LinkName = f["victim"] }),
        ["a hard link through a link"] = (c, f) => Entries(c, Link("d", f.Path), File("e") with { LinkName = "d/victim" }),
        ["a hard link to a link"] = (c, f) => Entries(c, Link("d", f["victim"]), File("e") with { LinkName = "d" }),
        ["a hard link to a folder"] = (c, _) => Entries(c, s_folder, File("e") with { LinkName = "d" }),
        ["a hard link to what comes later"] = (c, _) => Entries(c, File("a") with { LinkName = "b" }, File("b")),
        ["a hard link to itself"] = (c, _) => Entries(c, File("a") with { LinkName = "a" }),
        ["a link without a target"] = (c, _) => Entries(c, Link("a", "")),
        ["a link with NUL in its target"] = (c, _) => Entries(c, Link("a", "x\0y")),
        ["a socket"] = (c, _) => Entries(c, File("a") with { Mode = FileEntryMode.Socket }),
        ["an irregular file"] = (c, _) => Entries(c, File("a") with { Mode = FileEntryMode.Irregular }),
        ["a folder that is also a link"] = (c, _) => Entries(c, Link("a", "b") with { Mode = FileEntryMode.Symlink | FileEntryMode.Directory }),
        ["an attribute without a name"] = (c, _) => c.SendRawAsync([18, 5, 10, 1, (byte)'a', 82, 0]),
        ["data that was not requested"] = (c, _) => c.Engine.WriteDataAsync(7, new byte[] { 1 }, false, default).AsTask(),
        ["more data than announced"] = async (c, _) =>
        {
            await Ask(c, File("a", 3));
            await c.Engine.WriteDataAsync(0, new byte[4], false, default);
        },
        ["less data than announced"] = async (c, _) =>
        {
            await Ask(c, File("a", 3));
            await c.Engine.WriteDataAsync(0, new byte[2], true, default);
        },
        ["data after the end of a file"] = async (c, _) =>
        {
            await Ask(c, File("a", 1));
            await c.Engine.WriteDataAsync(0, new byte[1], true, default);
            await c.Engine.WriteDataAsync(0, new byte[1], true, default);
        },
        ["an entry after the end of the list"] = async (c, _) =>
        {
            await c.Engine.WriteEndOfEntriesAsync(default);
            await Entries(c, File("a"));
        },
        ["a finish before the end"] = (c, _) => c.Engine.WriteFinishAsync(default).AsTask(),
        ["a request from a sender"] = (c, _) => c.Engine.WriteRequestAsync(0, default).AsTask(),
        ["the end of the stream in the middle"] = async (c, _) =>
        {
            await Entries(c, File("a", 10));
            await c.EngineOutput.CompleteAsync();
        },
        ["half a message and the end of the stream"] = async (c, _) =>
        {
            await c.SendRawAsync([18, 50], length: 60);
            await c.EngineOutput.CompleteAsync();
        },
        ["a message of 2 GiB"] = (c, _) => c.SendRawAsync([18], length: int.MaxValue),
        ["a compressed message"] = (c, _) => c.SendRawAsync([18, 0], flag: 1),
        ["garbage"] = (c, _) => c.SendRawAsync([0xDE, 0xAD, 0xBE, 0xEF, 0xFF, 0xFF, 0xFF]),
        ["an unknown kind of packet"] = (c, _) => c.SendRawAsync([8, 9]),
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task An_export_that_breaks_the_rules_ends_in_a_typed_failure_with_nothing_changed(string attack)
    {
        using var folder = new TempFolder().File("victim", "untouched").File("out/old", "old");
        var before = TreeText.Of(folder.Path, folderTimes: false);
        BuildxException? failure = null;
        using var call = new FakeCall();
        var output = new FolderOutput(folder["out"]);
        var receiving = call.InvokeAsync(new FileSendMethod([output], e => failure = e));

        await s_attacks[attack](call, folder);
        await call.Engine.FlushAsync(default);
        _ = await Assert.ThrowsAsync<SessionStatusException>(() => receiving.WaitAsync(s_limit));
        await output.DisposeAsync();

        Assert.True(failure?.Failure is BuildxFailure.ProtocolViolation or BuildxFailure.DestinationNotWritable, failure?.ToString());
        Assert.Equal(before, TreeText.Of(folder.Path, folderTimes: false));
    }

    [Fact]
    public async Task Random_bytes_never_do_worse_than_a_typed_failure()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            using var folder = new TempFolder().File("victim", "untouched");
            var before = TreeText.Of(folder.Path, folderTimes: false);
            using var call = new FakeCall();
            var output = new FolderOutput(folder["out"]);
            var receiving = call.InvokeAsync(new FileSendMethod([output]));

            var message = new byte[random.Next(60)];
            random.NextBytes(message);
            if (message.Length > 2)
            {
                (message[0], message[1]) = (18, (byte)(message.Length - 2));
            }

            await call.SendRawAsync(message);
            await call.EngineOutput.CompleteAsync();
            _ = await Assert.ThrowsAsync<SessionStatusException>(() => receiving.WaitAsync(s_limit));
            await output.DisposeAsync();

            Assert.Equal(before, TreeText.Of(folder.Path, folderTimes: false));
        }
    }

    [Fact]
    public async Task An_unknown_exporter_is_refused()
    {
        using var call = new FakeCall(("buildkit-attachable-exporter-id", "7"));

        var refused = await Assert.ThrowsAsync<SessionStatusException>(() => call.InvokeAsync(new FileSendMethod([null])));

        Assert.Equal("exporter 7 not found", refused.Message);
    }

    private static FileEntry File(string path, long size = 0) => new() { Path = path, Mode = (FileEntryMode)0x1A4, Size = size };

    private static FileEntry Link(string path, string target) =>
        new() { Path = path, Mode = FileEntryMode.Symlink | (FileEntryMode)0x1FF, LinkName = target };

    private static async Task Entries(FakeCall call, params FileEntry[] entries)
    {
        foreach (var entry in entries)
        {
            await call.Engine.WriteEntryAsync(entry, default);
        }
    }

    /// <summary>Sends one file and the end of the list, waits until it is asked for, and sends nothing of it yet.</summary>
    private static async Task Ask(FakeCall call, FileEntry file)
    {
        await Entries(call, file);
        await call.Engine.WriteEndOfEntriesAsync(default);
        if (await call.ReadAsync() is { Kind: PacketKind.Request } && file.Size == 0)
        {
            await call.Engine.WriteDataAsync(0, default, isLast: true, default);
        }
    }
}
