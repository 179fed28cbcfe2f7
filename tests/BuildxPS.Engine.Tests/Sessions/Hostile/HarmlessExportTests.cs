using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Sessions.Files;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

/// <summary>What looks dangerous in an export, may be in any image, and does no harm here.</summary>
public sealed class HarmlessExportTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Links_out_of_the_tree_are_exported_as_they_are_and_nothing_goes_through_them()
    {
        using var folder = new TempFolder().File("victim", "untouched").Folder("out");

        await ExportAsync(folder, Link("a", folder["victim"]), Link("b", "../victim"), Dir("c"), Link("c/d", "../../.."), File("e", "new"));

        Assert.Equal("untouched", System.IO.File.ReadAllText(folder["victim"]));
        Assert.Equal("../victim", new FileInfo(folder["out/b"]).LinkTarget);
    }

    [Fact]
    public async Task A_device_at_the_destination_is_replaced_and_not_written_to()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Environment.IsPrivilegedProcess, "Only root makes devices.");
        using var folder = new TempFolder().Folder("out");
        var device = new FileEntry { Path = "d", Mode = FileEntryMode.Device | FileEntryMode.CharDevice | (FileEntryMode)0x1B6, DeviceMajor = 1, DeviceMinor = 3 };

        await ExportAsync(folder, device);
        Assert.Equal((1u, 3u), (Status(folder["out/d"]).DeviceMajor, Status(folder["out/d"]).DeviceMinor));
        await ExportAsync(folder, File("d", "bytes"));

        Assert.Equal("bytes", System.IO.File.ReadAllText(folder["out/d"]));
    }

    [Fact]
    public async Task A_pipe_at_the_destination_is_replaced_and_nobody_waits_for_its_reader()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has named pipes here.");
        using var folder = new TempFolder().Folder("out");

        await ExportAsync(folder, new FileEntry { Path = "p", Mode = FileEntryMode.NamedPipe | (FileEntryMode)0x1B6 });
        await ExportAsync(folder, File("p", "bytes"));

        Assert.Equal("bytes", System.IO.File.ReadAllText(folder["out/p"]));
    }

    [Fact]
    public async Task Attributes_that_no_file_system_takes_are_left_out()
    {
        using var folder = new TempFolder();
        var attributes = Enumerable.Range(0, 20_000).ToDictionary(i => $"user.{i}", _ => new ReadOnlyMemory<byte>(new byte[10]));
        attributes["user.huge"] = new byte[3 * 1024 * 1024];
        attributes["no such namespace"] = new byte[1];

        await ExportAsync(folder, File("a", "x") with { Entry = File("a", "x").Entry with { ExtendedAttributes = attributes } });

        Assert.Equal("x", System.IO.File.ReadAllText(folder["out/a"]));
    }

    [Fact]
    public async Task Times_and_owners_at_the_ends_of_their_range_do_no_harm()
    {
        using var folder = new TempFolder();

        await ExportAsync(
            folder,
            File("a", "x", time: long.MinValue),
            File("b", "x", time: long.MaxValue),
            File("c", "x").Entry with { UserId = uint.MaxValue, GroupId = uint.MaxValue, Size = 0 });

        Assert.Equal("out out/a out/b out/c", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task Deeply_nested_folders_come_and_are_merged_and_removed()
    {
        using var folder = new TempFolder();
        var deep = Enumerable.Range(1, 500).Select(d => Dir(string.Join('/', Enumerable.Repeat("d", d)))).ToArray();

        await ExportAsync(folder, deep);
        await ExportAsync(folder, [.. deep, File("e", "x")]);

        Assert.True(Directory.Exists(folder["out/" + deep[^1].Entry.Path]));
        Assert.Equal(["out"], FolderNames.Read(folder.Path));
    }

    [Fact]
    public async Task A_name_like_that_of_a_staging_folder_is_a_name_like_any_other()
    {
        using var folder = new TempFolder().Folder("out");
        var name = Staging.Prefix + new string('0', 32);

        await ExportAsync(folder, Dir(name, 0x1C0), File($"{name}/journal", "not one"), File($"{name}/owner", "1 2 3 4\n"));
        await using var output = new FolderOutput(folder[$"out/{name}"]);
        Write(output, File("x", "1"));
        await output.PlaceAsync();
        await ExportAsync(folder, File("y", "2"));

        Assert.Equal($"out out/{name} out/{name}/journal out/{name}/owner out/{name}/x out/y", TreeText.Paths(folder.Path));
    }

    private static FileStatus Status(string path) => IFileSystem.Current.Status(path)!.Value;

    private static async Task ExportAsync(TempFolder folder, params TreeItem[] items)
    {
        await using var output = new FolderOutput(folder["out"]);
        await using var engine = await FakeHostileEngine.StartAsync(new BuildServices { Outputs = [output] });
        using var call = engine.Call(FakeHostileEngine.Export);
        await ExportAsync(call, items).WaitAsync(s_limit);
        Assert.Empty(engine.Failures);
        await output.PlaceAsync();
    }

    private static async Task ExportAsync(HostileCall call, TreeItem[] items)
    {
        await call.SendAsync([.. items.Select(i => i.Entry)]);
        await call.Packets.WriteEndOfEntriesAsync(default);
        while (await call.ReadAsync() is { } packet)
        {
            if (packet.Kind == PacketKind.Request)
            {
                await call.Packets.WriteDataAsync(packet.Id, System.Text.Encoding.UTF8.GetBytes(items[packet.Id].Content), isLast: true, default);
                await call.Packets.FlushAsync(default);
            }
            else if (packet.Kind == PacketKind.Finish)
            {
                await call.Packets.WriteFinishAsync(default);
            }
            else
            {
                Assert.Fail($"{packet.Kind}: {System.Text.Encoding.UTF8.GetString(packet.Data)}");
            }
        }

        Assert.Equal((Grpc.Core.StatusCode.OK, ""), await call.EndAsync());
    }
}
