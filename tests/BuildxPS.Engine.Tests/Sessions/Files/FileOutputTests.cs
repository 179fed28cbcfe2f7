using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class FileOutputTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_bytes_of_all_messages_take_the_place_of_the_old_file_at_the_end()
    {
        using var folder = new TempFolder().File("out.tar", "old", 0x180);
        await using var output = new FileOutput(folder["out.tar"]);
        var large = new byte[3 * 1024 * 1024];
        Random.Shared.NextBytes(large);

        await ReceiveAsync(output, [10, 2, 1, 2], [], [10, 0], Message(large), [10, 1, 9]);
        Assert.Equal("old", File.ReadAllText(folder["out.tar"]));
        await output.PlaceAsync();

        Assert.Equal([1, 2, .. large, 9], File.ReadAllBytes(folder["out.tar"]));
        Assert.Equal((FileEntryMode)0x180, IFileSystem.Current.Status(folder["out.tar"])!.Value.Mode);
        Assert.Equal("out.tar", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task Folders_on_the_way_are_made_at_the_end()
    {
        using var folder = new TempFolder();
        await using var output = new FileOutput(folder["a/b/out.tar"]);

        await ReceiveAsync(output, [10, 1, 7]);
        Assert.False(Path.Exists(folder["a"]));
        await output.PlaceAsync();

        Assert.Equal("a a/b a/b/out.tar", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task What_is_not_committed_leaves_the_old_file()
    {
        using var folder = new TempFolder().File("out.tar", "old");
        var before = TreeText.Of(folder.Path);
        var output = new FileOutput(folder["out.tar"]);

        await ReceiveAsync(output, [10, 1, 7]);
        await output.DisposeAsync();

        Assert.Equal(before, TreeText.Of(folder.Path));
    }

    [Fact]
    public async Task A_link_at_the_destination_keeps_pointing_at_the_new_file()
    {
        using var folder = new TempFolder().File("real/old.tar", "old").Link("out.tar", "real/old.tar");
        await using var output = new FileOutput(folder["out.tar"]);

        await ReceiveAsync(output, [10, 1, (byte)'n']);
        await output.PlaceAsync();

        Assert.Equal("real/old.tar", new FileInfo(folder["out.tar"]).LinkTarget);
        Assert.Equal("n", File.ReadAllText(folder["real/old.tar"]));
    }

    [Fact]
    public async Task A_full_disk_is_told_with_the_path()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has /dev/full.");
        await using var output = new FileOutput("/dev/full");
        BuildxException? failure = null;

        await Assert.ThrowsAsync<SessionStatusException>(() => ReceiveAsync(output, e => failure = e, [10, 1, 7]));

        Assert.Equal(BuildxFailure.DiskFull, failure!.Failure);
        Assert.Contains("/dev/full", failure.Message, StringComparison.Ordinal);
        Assert.True(Path.Exists("/dev/full"));
    }

    [Fact]
    public void A_folder_where_a_file_is_needed_is_told_before_anything_changes()
    {
        using var folder = new TempFolder().Folder("out.tar");

        var failure = Assert.Throws<BuildxException>(() => FileOutput.CheckWritable(folder["out.tar"]));

        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.Contains("it is a folder, and a file is needed", failure.Message, StringComparison.Ordinal);
    }

    private static Task ReceiveAsync(FileOutput output, params byte[][] messages) => ReceiveAsync(output, null, messages);

    private static async Task ReceiveAsync(FileOutput output, Action<BuildxException>? onFailure, params byte[][] messages)
    {
        using var call = new FakeCall(("buildkit-attachable-exporter-id", "1"), ("exporter-md-k", "v"));
        var receiving = call.InvokeAsync(new FileSendMethod([null, output], onFailure));
        foreach (var message in messages)
        {
            if (receiving.IsCompleted)
            {
                break;
            }

            await Task.WhenAny(receiving, call.SendRawAsync(message));
        }

        if (!receiving.IsCompleted)
        {
            await call.EngineOutput.CompleteAsync();
        }

        await receiving.WaitAsync(s_limit);
    }

    private static byte[] Message(byte[] data)
    {
        var length = data.Length;
        var head = new List<byte> { 10 };
        for (; length >= 0x80; length >>= 7)
        {
            head.Add((byte)(length | 0x80));
        }

        head.Add((byte)length);
        return [.. head, .. data];
    }
}
