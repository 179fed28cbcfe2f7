using System.Diagnostics;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>What killed exports left is removed by the next one, and nothing else is.</summary>
public sealed class LeftoversTests
{
    [Fact]
    public async Task What_a_killed_process_left_is_removed_by_the_next_export_of_a_folder_or_a_file()
    {
        using var folder = new TempFolder();
        Leave(folder["one"]).Release();
        await ExportAsync(folder["two"]);
        Assert.Equal(["two"], Names(folder));

        Leave(folder["three"]).Release();
        await using var file = new FileOutput(folder["out.tar"]);
        await (await file.OpenAsync(new Dictionary<string, string>(), default)).DisposeAsync();
        file.Complete();
        await file.PlaceAsync();
        Assert.Equal(["out.tar", "two"], Names(folder));
    }

    [Fact]
    public async Task What_a_killed_process_left_in_the_destination_itself_is_removed()
    {
        using var folder = new TempFolder().Folder("out");
        var files = new FakeFileSystem();
        _ = Staging.Create(folder["out"], files);
        files.Release();

        await ExportAsync(folder["out"]);

        Assert.Equal("out out/x", TreeText.Paths(folder.Path));
    }

    [Fact]
    public async Task What_cannot_be_written_in_is_removed_too()
    {
        using var folder = new TempFolder();
        var files = new FakeFileSystem();
        var output = new FolderOutput(folder["out"], files);
        Write(output, Dir("d", 0), Dir("e", 0x16D), Dir("e/f", 0x16D), File("e/f/x", "1", 0x124));
        files.Release();

        await ExportAsync(folder["two"]);

        Assert.Equal(["two"], Names(folder));
    }

    [Fact]
    public async Task What_another_export_is_at_stays()
    {
        using var folder = new TempFolder();
        await using var other = new FolderOutput(folder["other"]);
        other.OpenTree();

        await ExportAsync(folder["out"]);

        Assert.Equal(2, Names(folder).Count);
    }

    [Fact]
    public async Task What_a_process_of_this_machine_left_before_it_was_started_anew_is_removed_where_no_other_machine_writes()
    {
        using var folder = new TempFolder();
        Leave(folder["a"], new FakeFileSystem { Machine = "before the start" }).Release();
        await ExportAsync(folder["out"], new FakeFileSystem { IsShared = true });
        Assert.Equal(2, Names(folder).Count);

        await ExportAsync(folder["out"], new FakeFileSystem());
        Assert.Equal(["out"], Names(folder));
    }

    [Fact]
    public async Task What_another_user_left_stays()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Environment.IsPrivilegedProcess, "Only root gives files to others.");
        using var folder = new TempFolder();
        Leave(folder["a"]).Release();
        Assert.Equal(0, LinuxNative.ChangeOwner(folder[Names(folder).Single()], 65534, 65534));

        await ExportAsync(folder["out"]);

        Assert.Equal(2, Names(folder).Count);
    }

    [Fact]
    public async Task A_copy_of_what_was_left_stays()
    {
        using var folder = new TempFolder();
        Leave(folder["a"]).Release();
        var left = Names(folder).Single();
        using (var copy = Process.Start("cp", ["-a", folder[left], folder[Staging.Prefix + new string('1', 32)]]))
        {
            await copy.WaitForExitAsync();
        }

        await ExportAsync(folder["out"]);

        Assert.Equal([Staging.Prefix + new string('1', 32), "out"], Names(folder));
    }

    [Fact]
    public async Task A_folder_whose_process_was_killed_while_it_marked_it_is_removed_if_nothing_else_is_in_it()
    {
        var (half, full) = (Staging.Prefix + new string('1', 32), Staging.Prefix + new string('2', 32));
        using var folder = new TempFolder().File($"{half}/owner", "").File($"{full}/owner", "").File($"{full}/x");

        await ExportAsync(folder["out"]);

        Assert.Equal([full, "out"], Names(folder));
    }

    [Fact]
    public async Task A_folder_whose_process_was_killed_before_it_marked_it_is_removed_if_it_is_empty()
    {
        var (empty, full) = (Staging.Prefix + new string('1', 32), Staging.Prefix + new string('2', 32));
        using var folder = new TempFolder().Folder(empty).File($"{full}/x").Link(Staging.Prefix + "3", full);

        await ExportAsync(folder["out"]);

        Assert.Equal([full, Staging.Prefix + "3", "out"], Names(folder));
    }

    [Fact]
    public void Two_that_take_the_same_leftover_do_not_both_get_it()
    {
        using var folder = new TempFolder();
        Leave(folder["a"]).Release();
        var left = folder[Names(folder).Single()];

        using var first = StagingOwner.TryTakeOver(left, IFileSystem.Current);
        using var second = StagingOwner.TryTakeOver(left, IFileSystem.Current);

        Assert.NotNull(first);
        Assert.Null(second);
    }

    [Fact]
    public void A_portable_lock_is_one_process_one_holder()
    {
        using var folder = new TempFolder();
        var files = new PortableFileSystem();

        using (var held = files.TryLock(folder["lock"], create: true))
        {
            Assert.NotNull(held);
            Assert.Null(files.TryLock(folder["lock"], create: false));
        }

        using var again = files.TryLock(folder["lock"], create: false);
        Assert.NotNull(again);
    }

    private static FakeFileSystem Leave(string destination, FakeFileSystem? files = null)
    {
        files ??= new FakeFileSystem();
        Write(new FolderOutput(destination, files), Dir("d"), File("d/x", "1"));
        return files;
    }

    private static async Task ExportAsync(string destination, FakeFileSystem? files = null)
    {
        await using var output = new FolderOutput(destination, files ?? new FakeFileSystem());
        Write(output, File("x", "1"));
        await output.PlaceAsync();
    }

    private static List<string> Names(TempFolder folder) => FolderNames.Read(folder.Path);
}
