using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class FolderOutputTests
{
    [Fact]
    public async Task Nothing_stands_at_the_destination_before_the_end()
    {
        using var folder = new TempFolder();
        await using var output = new FolderOutput(folder["a/b/out"]);

        Write(output, Dir("sub"), File("sub/x", "new"));
        Assert.False(Path.Exists(folder["a"]));
        await output.PlaceAsync();

        Assert.Equal("new", System.IO.File.ReadAllText(folder["a/b/out/sub/x"]));
        Assert.Equal(FileEntryMode.Directory | (FileEntryMode)0x1C0, IFileSystem.Current.Status(folder["a/b/out"])!.Value.Mode);
        Assert.Equal("a a/b a/b/out a/b/out/sub a/b/out/sub/x", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task What_is_not_committed_leaves_no_trace()
    {
        using var folder = new TempFolder().File("out/old", "old").File("out/sub/x", "old");
        var before = TreeText.Of(folder.Path, folderTimes: false);
        var output = new FolderOutput(folder["out"]);

        Write(output, File("old", "new"), Dir("sub", 0x140), File("sub/x", "new"));
        await output.DisposeAsync();

        Assert.Equal(before, TreeText.Of(folder.Path, folderTimes: false));
    }

    [Fact]
    public async Task A_folder_that_exists_keeps_what_else_is_in_it()
    {
        using var folder = new TempFolder().File("out/kept", "old").File("out/replaced", "old").File("out/sub/kept", "old").File("out/was-folder/x").File("out/was-file").Link("out/was-link", "sub");
        await using var output = new FolderOutput(folder["out"]);

        Write(
            output,
            Dir("new"),
            File("new/x", "1"),
            File("replaced", "2"),
            Dir("sub", 0x1C0, 5_000_000_007),
            File("sub/added", "3"),
            Dir("was-file"),
            File("was-file/y", "4"),
            File("was-folder", "5"),
            Dir("was-link"),
            File("was-link/z", "6"));
        await output.PlaceAsync();

        Assert.Equal(
            "out out/kept out/new out/new/x out/replaced out/sub out/sub/added out/sub/kept out/was-file out/was-file/y out/was-folder out/was-link out/was-link/z",
            TreeText.Paths(folder.Path));
        Assert.Equal("2", System.IO.File.ReadAllText(folder["out/replaced"]));
        var sub = IFileSystem.Current.Status(folder["out/sub"])!.Value;
        Assert.Equal((FileEntryMode.Directory | (FileEntryMode)0x1C0, 5_000_000_007L), (sub.Mode, sub.ModifiedNanoseconds));
    }

    [Fact]
    public async Task A_mirrored_folder_loses_what_is_in_none_of_the_trees()
    {
        using var folder = new TempFolder().File("out/stale", "old").File("out/linux_amd64/stale", "old").File("out/linux_amd64/x", "old").File("out/linux_s390x/sub/x", "old")
            .File("outside/x", "kept").Link("out/link", "../outside");
        await using var output = new FolderOutput(folder["out"], mirrors: true);

        Write(output, Dir("linux_amd64"), File("linux_amd64/x", "new"));
        Write(output, Dir("linux_arm64"), File("linux_arm64/x", "new"));
        Assert.True(Path.Exists(folder["out/stale"]));
        await output.PlaceAsync();
        await output.DisposeAsync();

        Assert.Equal("out out/linux_amd64 out/linux_amd64/x out/linux_arm64 out/linux_arm64/x outside outside/x", TreeText.Paths(folder.Path));
        Assert.Equal("new", System.IO.File.ReadAllText(folder["out/linux_amd64/x"]));
    }

    [Fact]
    public async Task A_mirrored_folder_stays_whole_where_a_tree_is_missing_its_end()
    {
        using var folder = new TempFolder().File("out/stale", "old");
        var output = new FolderOutput(folder["out"], mirrors: true);
        output.OpenTree().Add(File("x", "new").Entry);
        await Assert.ThrowsAsync<BuildxException>(() => output.PrepareAsync(default));
        await output.DisposeAsync();
        Assert.Equal("out out/stale", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task A_link_at_the_destination_is_followed()
    {
        using var folder = new TempFolder().File("real/kept").Link("out", "real");
        await using var output = new FolderOutput(folder["out"]);

        Write(output, File("x", "1"));
        await output.PlaceAsync();

        Assert.Equal("out real real/kept real/x", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task Several_trees_go_into_one_folder()
    {
        using var folder = new TempFolder();
        await using var output = new FolderOutput(folder["out"]);

        Write(output, Dir("linux_amd64"), File("linux_amd64/x", "1"));
        Write(output, Dir("linux_arm64"), File("linux_arm64/x", "2"));
        await output.PlaceAsync();

        Assert.Equal("out out/linux_amd64 out/linux_amd64/x out/linux_arm64 out/linux_arm64/x", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task A_link_of_one_tree_is_no_way_out_for_another()
    {
        using var folder = new TempFolder().File("outside/victim", "old");
        await using var output = new FolderOutput(folder["out"]);

        Write(output, Link("d", folder["outside"]));
        Write(output, Dir("d"), File("d/victim", "new"));
        await output.PlaceAsync();

        Assert.Equal("old", System.IO.File.ReadAllText(folder["outside/victim"]));
        Assert.Equal("new", System.IO.File.ReadAllText(folder["out/d/victim"]));
    }

    [Fact]
    public async Task A_link_in_the_destination_is_replaced_and_not_followed()
    {
        using var folder = new TempFolder().File("outside/victim", "old").Link("out/d", "../outside").Link("out/f", "../outside/victim");
        await using var output = new FolderOutput(folder["out"]);

        Write(output, Dir("d"), File("d/victim", "new"), File("f", "new"));
        await output.PlaceAsync();

        Assert.Equal("old", System.IO.File.ReadAllText(folder["outside/victim"]));
        Assert.Equal("new", System.IO.File.ReadAllText(folder["out/f"]));
    }

    [Fact]
    public async Task Modes_and_times_are_those_that_were_sent()
    {
        using var folder = new TempFolder();
        await using var output = new FolderOutput(folder["out"]);

        Write(
            output,
            Dir("d", 0x16D, 1_500_000_000_123_456_789),
            File("d/x", "data", 0x124, -1),
            new FileEntry { Path = "d/y", Mode = (FileEntryMode)0x124, LinkName = "d/x", Size = 4 },
            new FileEntry { Path = "s", Mode = FileEntryMode.SetUid | FileEntryMode.Sticky | (FileEntryMode)0x1FF, ModifiedNanoseconds = 7 },
            Link("z", "d/x", 42));
        await output.PlaceAsync();

        var status = TreeText.Of(folder["out"]).Split('\n').Select(l => l.Split('|')).ToDictionary(l => l[0]);
        Assert.Equal(("8000016d", "1500000000123456789"), (status["d"][1], status["d"][3]));
        Assert.Equal(("124", "-1"), (status["d/x"][1], status["d/x"][3]));
        Assert.Equal("d/x", status["d/y"][4]);
        Assert.Equal(("9001ff", "7"), (status["s"][1], status["s"][3]));
        Assert.Equal(("42", "d/x"), (status["z"][3], status["z"][4]));
    }

    public static TheoryData<string, string> Unwritable => new()
    {
        { "file", "it is not a folder" },
        { "file/sub", "is a file, so no folder can be in it" },
        { "file/sub/deep", "is a file, so no folder can be in it" },
    };

    [Theory]
    [MemberData(nameof(Unwritable))]
    public void A_destination_that_cannot_be_written_is_told_before_anything_changes(string destination, string reason)
    {
        using var folder = new TempFolder().File("file", "x");
        var before = TreeText.Of(folder.Path);

        var failure = Assert.Throws<BuildxException>(() => FolderOutput.CheckWritable(folder[destination]));

        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.Contains(folder[destination], failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, TreeText.Of(folder.Path));
    }

    [Fact]
    public void A_check_leaves_nothing_behind()
    {
        using var folder = new TempFolder().Folder("out");
        var before = TreeText.Of(folder.Path);

        FolderOutput.CheckWritable(folder["out"]);
        FolderOutput.CheckWritable(folder["new/deep"]);
        FileOutput.CheckWritable(folder["new/deep.tar"]);

        Assert.Equal(before, TreeText.Of(folder.Path));
    }

    [Fact]
    public void A_link_to_nowhere_cannot_be_a_destination_folder_with_a_file_in_its_way()
    {
        using var folder = new TempFolder().File("file").Link("out", "file");

        Assert.Equal(
            BuildxFailure.DestinationNotWritable,
            Assert.Throws<BuildxException>(() => FolderOutput.CheckWritable(folder["out"])).Failure);
    }
}
