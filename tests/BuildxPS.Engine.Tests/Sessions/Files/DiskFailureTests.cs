using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Disks that are full, read-only, or another's: each failure names what could not be written and says what to do.</summary>
public sealed class DiskFailureTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_disk_that_gets_full_while_a_folder_comes_is_told_with_the_file_and_leaves_the_old_one()
    {
        using var disk = MountedFolder.InMemory("size=1m");
        await AddAsync(disk["out"], TreeItem.File("a", "old"));
        var before = TreeText.Of(disk.Path, folderTimes: false);

        await using (var output = new FolderOutput(disk["out"]))
        {
            var failure = Assert.Throws<BuildxException>(() => TreeItem.Write(output, TreeItem.File("a", "new"), TreeItem.File("b", new string('x', 2_000_000))));
            AssertFailure(failure, BuildxFailure.DiskFull, disk["out/b"], "the disk is full", "Free space");
        }

        Assert.Equal(before, TreeText.Of(disk.Path, folderTimes: false));
    }

    [Fact]
    public async Task A_disk_without_room_for_one_more_name_is_told_with_the_file()
    {
        using var disk = MountedFolder.InMemory("size=1m,nr_inodes=30");
        await using (var output = new FolderOutput(disk["out"]))
        {
            var folders = Enumerable.Range(0, 40).Select(i => TreeItem.Dir($"{i:d2}")).ToArray();
            var failure = Assert.Throws<BuildxException>(() => TreeItem.Write(output, folders));
            AssertFailure(failure, BuildxFailure.DiskFull, disk["out/2"], "the disk is full", "Free space");
        }

        Assert.Empty(FolderNames.Read(disk.Path));
    }

    [Fact]
    public async Task A_disk_that_gets_full_of_a_stream_without_end_is_told_with_the_file_and_leaves_the_old_one()
    {
        using var disk = MountedFolder.InMemory("size=2m");
        await File.WriteAllTextAsync(disk["out.tar"], "old", TestContext.Current.CancellationToken);
        BuildxException? failure = null;
        await using (var output = new FileOutput(disk["out.tar"]))
        {
            using var call = new FakeCall();
            var receiving = call.InvokeAsync(new FileSendMethod([output], e => failure = e));
            byte[] message = [10, 0x80, 0x80, 4, .. new byte[64 * 1024]];
            while (!receiving.IsCompleted)
            {
                await Task.WhenAny(receiving, call.SendRawAsync(message));
            }

            await Assert.ThrowsAsync<Engine.Sessions.SessionStatusException>(() => receiving.WaitAsync(s_limit));
        }

        AssertFailure(failure, BuildxFailure.DiskFull, disk["out.tar"], "the disk is full", "Free space");
        Assert.Equal("old", await File.ReadAllTextAsync(disk["out.tar"], TestContext.Current.CancellationToken));
        Assert.Equal(["out.tar"], FolderNames.Read(disk.Path));
    }

    [Theory]
    [InlineData("out")]
    [InlineData("a/b/out")]
    [InlineData("")]
    public void A_disk_that_is_read_only_is_told_before_anything_is_built(string path)
    {
        using var folder = new TempFolder();
        using var disk = MountedFolder.Bind(folder.Path);
        disk.MakeReadOnly();

        foreach (var check in new Action<string>[] { FolderOutput.CheckWritable, FileOutput.CheckWritable })
        {
            if (path.Length == 0 && check == FileOutput.CheckWritable)
            {
                continue;
            }

            var failure = Assert.Throws<BuildxException>(() => check(disk[path].TrimEnd('/')));
            AssertFailure(failure, BuildxFailure.DestinationNotWritable, disk.Path, "mounted for reading only", "mounted for writing");
        }
    }

    [Fact]
    public async Task A_destination_that_is_a_mount_of_its_own_is_written_in_place()
    {
        using var folder = new TempFolder().File("real/a", "old").File("real/kept", "old");
        using var disk = MountedFolder.Bind(folder["real"]);

        await AddAsync(disk.Path, TreeItem.File("a", "new"), TreeItem.Dir("d"), TreeItem.File("d/x", "new"));

        Assert.Equal("a d d/x kept", TreeText.Paths(folder["real"]));
        Assert.Equal("new", await File.ReadAllTextAsync(folder["real/a"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_mount_within_the_destination_is_merged_into()
    {
        using var folder = new TempFolder().File("out/a", "old").Folder("out/volume");
        using var disk = MountedFolder.InMemory("size=1m", folder["out/volume"]);
        folder.File("out/volume/kept", "old").File("out/volume/x", "old").File("out/volume/d/y", "old");

        await AddAsync(
            folder["out"],
            TreeItem.File("a", "new"),
            TreeItem.Dir("volume", 0x1C0),
            TreeItem.Dir("volume/d", 0x1E8, 5),
            TreeItem.Link("volume/d/link", "y", 6),
            TreeItem.File("volume/d/y", "new", 0x1A0, 7),
            TreeItem.File("volume/x", "new"),
            TreeItem.File("volume/z", "").Entry with { LinkName = "volume/x" });

        Assert.Equal("a volume volume/d volume/d/link volume/d/y volume/kept volume/x volume/z", TreeText.Paths(folder["out"]));
        Assert.Equal("new", await File.ReadAllTextAsync(folder["out/volume/x"], TestContext.Current.CancellationToken));
        Assert.Equal((FileEntryMode.Directory | (FileEntryMode)0x1E8, 5L), (Status(disk["d"]).Mode, Status(disk["d"]).ModifiedNanoseconds));
        Assert.Equal(((FileEntryMode)0x1A0, 7L), (Status(disk["d/y"]).Mode, Status(disk["d/y"]).ModifiedNanoseconds));
        Assert.Equal((6L, 2u), (Status(disk["d/link"]).ModifiedNanoseconds, Status(disk["z"]).LinkCount));
    }

    [Fact]
    public async Task A_mount_within_the_destination_that_is_full_is_told_with_the_file_and_nothing_changes()
    {
        using var folder = new TempFolder().File("out/a", "old").Folder("out/volume");
        using var disk = MountedFolder.InMemory("size=1m", folder["out/volume"]);
        folder.File("out/volume/x", "old");
        var before = TreeText.Of(folder["out"], folderTimes: false);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => AddAsync(
            folder["out"], TreeItem.File("a", "new"), TreeItem.Dir("volume"), TreeItem.File("volume/x", "new"), TreeItem.File("volume/y", new string('y', 2_000_000))));

        AssertFailure(failure, BuildxFailure.DiskFull, disk["y"], "the disk is full", "Free space");
        Assert.Equal(before, TreeText.Of(folder["out"], folderTimes: false));
    }

    public static TheoryData<int, BuildxFailure, string, string> Errors => new()
    {
        { LinuxNative.NoSpace, BuildxFailure.DiskFull, "the disk is full", "Free space" },
        { LinuxNative.QuotaExceeded, BuildxFailure.DiskFull, "this user's disk quota is used up", "Free space of this user" },
        { LinuxNative.ReadOnly, BuildxFailure.DestinationNotWritable, "mounted for reading only", "mounted for writing" },
        { LinuxNative.NameTooLong, BuildxFailure.DestinationNotWritable, "too long", "shorter" },
        { LinuxNative.FileTooLarge, BuildxFailure.DestinationNotWritable, "larger than a file may be", "another file system" },
        { LinuxNative.Exists, BuildxFailure.DestinationNotWritable, "there already", "another destination" },
        { 5, BuildxFailure.DestinationNotWritable, "Input/output error", "another destination" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Each_error_of_a_fake_disk_has_its_words_wherever_it_comes(int error, BuildxFailure kind, string reason, string advice)
    {
        using var folder = new TempFolder().File("out/a", "old");
        var before = TreeText.Of(folder["out"]);
        TreeItem[] items = [TreeItem.File("a", "new"), TreeItem.Dir("d"), TreeItem.Link("d/l", "x")];
        var failures = 0;
        for (var change = 1; ; change++)
        {
            var files = new FakeFileSystem();
            files.FailAt(change, () => new IOException("as the system says it", error));
            var output = new FolderOutput(folder["out"], files);
            var failure = await Record.ExceptionAsync(async () =>
            {
                TreeItem.Write(output, items);
                await output.PrepareAsync(default);
                await output.CommitAsync(default);
            });
            await output.DisposeAsync();
            if (failure is null)
            {
                break;
            }

            failures++;
            AssertFailure(failure, kind, folder.Path, reason, advice);
            Assert.DoesNotContain(Staging.Prefix, failure.Message, StringComparison.Ordinal);
            Assert.Equal(before, TreeText.Of(folder["out"]));
        }

        Assert.InRange(failures, 8, 20);
    }

    [Fact]
    public async Task Another_user_is_told_what_it_may_not_write()
    {
        using var folder = new TempFolder().Folder("closed").File("open/mine.tar", "old", 0x124);
        string[] nobody = OtherUser.Command(folder.Path);
        OtherUser.Give(folder["open"]);
        OtherUser.Give(folder["open/mine.tar"]);

        Assert.StartsWith($"DestinationNotWritable|'{folder["closed"]}' cannot be written: this user may not do so.|Choose another", await ExportProcess.RunAsync("folder", folder["closed/out"], 1, "new", nobody), StringComparison.Ordinal);
        Assert.StartsWith($"DestinationNotWritable|'{folder["closed"]}' cannot", await ExportProcess.RunAsync("file", folder["closed/out.tar"], 1, "new", nobody), StringComparison.Ordinal);
        Assert.StartsWith($"DestinationNotWritable|'{folder["open/mine.tar"]}' cannot", await ExportProcess.RunAsync("file", folder["open/mine.tar"], 1, "new", nobody), StringComparison.Ordinal);
        Assert.Equal(["mine.tar"], FolderNames.Read(folder["open"]));
        Assert.Empty(FolderNames.Read(folder["closed"]));
    }

    [Fact]
    public async Task Another_user_exports_twice_what_comes_without_the_right_to_change_it()
    {
        using var folder = new TempFolder().Folder("open");
        string[] nobody = OtherUser.Command(folder.Path);
        OtherUser.Give(folder["open"]);

        Assert.Equal("", await ExportProcess.RunAsync("links", folder["open/out"], 1, "old", nobody));
        Assert.Equal("", await ExportProcess.RunAsync("links", folder["open/out"], 1, "new", nobody));

        Assert.Equal("new", await File.ReadAllTextAsync(folder["open/out/ro/sub/x"], TestContext.Current.CancellationToken));
        Assert.Equal(FileEntryMode.Directory | (FileEntryMode)0x16D, Status(folder["open/out/ro"]).Mode);
        Assert.Equal(FileEntryMode.Directory | (FileEntryMode)0x16D, Status(folder["open/out/ro/sub"]).Mode);
        Assert.Equal((FileEntryMode)0x1ED, Status(folder["open/out/suid"]).Mode);
        Assert.Equal(65534u, Status(folder["open/out/ro/x"]).UserId);
        Assert.Equal(["out"], FolderNames.Read(folder["open"]));
    }

    [Fact]
    public async Task A_folder_of_somebody_else_in_the_destination_is_told_before_anything_changes()
    {
        using var folder = new TempFolder().File("open/out/000/00000", "old").Folder("open/out/ro");
        string[] nobody = OtherUser.Command(folder.Path);
        OtherUser.Give(folder["open"]);
        OtherUser.Give(folder["open/out"]);
        OtherUser.Give(folder["open/out/000"]);
        var before = TreeText.Of(folder["open/out"]);

        var failure = await ExportProcess.RunAsync("links", folder["open/out"], 1, "new", nobody);

        Assert.StartsWith($"DestinationNotWritable|'{folder["open/out/ro"]}' cannot be written: the folder belongs to another user", failure, StringComparison.Ordinal);
        Assert.Equal(before, TreeText.Of(folder["open/out"]));
    }

    private static FileStatus Status(string path) => IFileSystem.Current.Status(path)!.Value;

    private static async Task AddAsync(string destination, params TreeItem[] items)
    {
        await using var output = new FolderOutput(destination);
        TreeItem.Write(output, items);
        await output.PlaceAsync();
    }

    private static void AssertFailure(Exception? failure, BuildxFailure kind, string path, string reason, string advice)
    {
        var error = Assert.IsType<BuildxException>(failure);
        Assert.Equal(kind, error.Failure);
        Assert.StartsWith($"'{path}", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Advice, StringComparison.Ordinal);
    }
}
