using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>An export into a folder that exists, ended before each single change that it makes there.</summary>
public sealed class InterruptedMergeTests
{
    private static readonly TreeItem[] s_new =
    [
        Dir("added", 0x16D, 11), Dir("added/sub", 0x1ED, 12), File("added/sub/x", "new", time: 13),
        File("added.txt", "new", time: 14),
        Dir("both", 0x1C0, 15), File("both/added", "new", time: 16), Dir("both/deep", 0x16D, 17), File("both/deep/replaced", "new", time: 18),
        File("both/replaced", "new", 0x124, time: 19),
        Dir("dir-for-file", 0x1ED, 20), File("dir-for-file/x", "new", time: 21),
        Dir("dir-for-link", 0x1ED, 22), File("dir-for-link/x", "new", time: 23),
        File("file-for-dir", "new", time: 24),
        File("file-for-file", "new", time: 25),
        File("file-for-link", "new", time: 26),
        Link("link-for-dir", "new", 27), Link("link-for-file", "new", 28), Link("link-for-link", "new", 29),
    ];

    public static TheoryData<string> FileSystems => ["as it is", "without exchange", "without exchange and links", "mirrored", "mirrored without exchange"];

    [Theory]
    [MemberData(nameof(FileSystems))]
    public async Task Killed_at_any_moment_each_file_is_the_old_or_the_new_one_and_the_next_export_finishes(string kind)
    {
        using var expected = MakeOld();
        var mirrors = Mirrors(kind);
        await ExportAsync(expected["out"], Make(kind), mirrors);
        var (old, @new) = (OldText(), Text(expected["out"]));
        Assert.Equal(!mirrors, Path.Exists(expected["out/kept"]) || Path.Exists(expected["out/both/deep/kept"]));

        for (var change = 1; ; change++)
        {
            using var folder = MakeOld();
            var files = Make(kind);
            if (!await KillAsync(folder["out"], files, change, mirrors))
            {
                break;
            }

            AssertOldOrNew(folder["out"], isAlwaysThere: kind is "as it is" or "mirrored", mirrors);
            if (change % 2 == 0)
            {
                // An export that comes no further than to begin puts back what the killed one did.
                await BeginAsync(folder["out"]);
                Assert.Equal(kind != "without exchange and links" ? old : Text(folder["out"]), Text(folder["out"]));
            }

            await ExportAsync(folder["out"], Make(kind), mirrors);
            Assert.Equal(@new, Text(folder["out"]));
            Assert.Equal(["out"], Names(folder.Path));
        }
    }

    [Theory]
    [InlineData("as it is")]
    [InlineData("without exchange")]
    [InlineData("mirrored")]
    [InlineData("mirrored without exchange")]
    public async Task A_change_that_fails_leaves_the_folder_as_it_was(string kind)
    {
        var old = OldText();
        var failures = 0;
        for (var change = 1; ; change++)
        {
            using var folder = MakeOld();
            var files = Make(kind);
            var output = new FolderOutput(folder["out"], files, Mirrors(kind));
            Write(output, s_new);
            await output.PrepareAsync(default);
            files.FailAt(change, () => new IOException("No space left on device", LinuxNative.NoSpace));
            var failure = await Record.ExceptionAsync(() => output.CommitAsync(default));
            await output.DisposeAsync();
            if (files.Changes < change)
            {
                Assert.Null(failure);
                break;
            }

            if (failure is not null)
            {
                failures++;
                Assert.Equal(BuildxFailure.DiskFull, Assert.IsType<BuildxException>(failure).Failure);
                Assert.Contains(folder["out"], failure.Message, StringComparison.Ordinal);
                Assert.Equal(old, Text(folder["out"]));
            }

            Assert.Equal(["out"], Names(folder.Path));
        }

        Assert.True(failures > 15, $"{failures} of the changes matter");
    }

    [Fact]
    public async Task Where_an_old_file_cannot_be_kept_a_failure_says_that_it_is_lost()
    {
        using var folder = new TempFolder().File("out/a", "old").File("out/b", "old");
        var files = Make("without exchange and links");
        await using var output = new FolderOutput(folder["out"], files);
        Write(output, File("a", "new"), File("b", "new"));
        await output.PrepareAsync(default);
        var renames = 0;
        files.Changing = _ => renames++;
        files.FailAt(7, () => new IOException("Input/output error", 5));

        var failure = await Assert.ThrowsAsync<BuildxException>(() => output.CommitAsync(default));

        Assert.StartsWith($"'{folder["out/b"]}' cannot be written: Input/output error.", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"'{folder["out"]}' could not all be put back", failure.Message, StringComparison.Ordinal);
        Assert.Contains(folder["out/a"], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_somebody_else_changed_since_is_left_alone()
    {
        using var folder = new TempFolder().File("out/a", "old").File("out/b", "old").File("out/d/old", "old");
        var files = new FakeFileSystem();
        var output = new FolderOutput(folder["out"], files);
        Write(output, File("a", "new", time: 1), Dir("added"), File("added/x", "new"), File("b", "new", time: 1), Dir("d", 0x1ED, 2), File("d/x", "new"), File("z", "new"));
        await output.PrepareAsync(default);
        files.DieAt(7);
        await Assert.ThrowsAsync<FakeDeathException>(() => output.CommitAsync(default));
        Assert.False(Path.Exists(folder["out/z"]));

        // A user works on with what the killed export left.
        folder.File("out/a", "edited").File("out/added/mine", "mine");
        await BeginAsync(folder["out"]);

        Assert.Equal("a=edited added/mine=mine added/x=new b=old d/old=old", Contents(folder["out"]));
    }

    [Fact]
    public async Task A_folder_that_was_made_anew_since_is_left_alone()
    {
        using var folder = new TempFolder().File("out/a", "old");
        var files = new FakeFileSystem();
        Assert.True(await KillAsync(folder["out"], files, 4));
        Directory.Delete(folder["out"], recursive: true);
        folder.File("out/a", "another");

        await BeginAsync(folder["out"]);

        Assert.Equal("a=another", Contents(folder["out"]));
        Assert.Equal(["out"], Names(folder.Path));
    }

    [Fact]
    public async Task What_a_killed_export_did_to_one_folder_is_not_the_next_ones_to_undo_that_goes_elsewhere()
    {
        using var folder = MakeOld();
        var files = new FakeFileSystem();
        Assert.True(await KillAsync(folder["out"], files, 12));

        await ExportAsync(folder["elsewhere"], new FakeFileSystem());
        Assert.Equal(3, Names(folder.Path).Length);
        await BeginAsync(folder["out"]);

        Assert.Equal(OldText(), Text(folder["out"]));
        Assert.Equal(["elsewhere", "out"], Names(folder.Path));
    }

    [Fact]
    public async Task Killed_before_the_end_nothing_is_there_that_was_not_before()
    {
        for (var change = 1; ; change++)
        {
            using var folder = new TempFolder();
            var files = new FakeFileSystem();
            if (!await KillAsync(folder["a/b/out"], files, change))
            {
                Assert.Equal(["a"], Names(folder.Path));
                break;
            }

            Assert.False(Path.Exists(folder["a"]));
            await ExportAsync(folder["a/b/out"], new FakeFileSystem());
            Assert.Equal(["a"], Names(folder.Path));
        }
    }

    private static FakeFileSystem Make(string kind) => kind switch
    {
        "as it is" => new FakeFileSystem(),
        "mirrored" => new FakeFileSystem(),
        "without exchange" or "mirrored without exchange" => new FakeFileSystem { CanExchange = false },
        _ => new FakeFileSystem { CanExchange = false, CanLink = false },
    };

    private static bool Mirrors(string kind) => kind.StartsWith("mirrored", StringComparison.Ordinal);

    private static TempFolder MakeOld()
    {
        var folder = new TempFolder()
            .File("out/both/deep/kept", "old").File("out/both/deep/replaced", "old").File("out/both/kept", "old").File("out/both/replaced", "old", 0x180)
            .File("out/dir-for-file", "old").Link("out/dir-for-link", "old").File("out/file-for-dir/sub/x", "old").File("out/file-for-file", "old")
            .Link("out/file-for-link", "old").File("out/kept", "old").File("out/link-for-dir/x", "old").File("out/link-for-file", "old").Link("out/link-for-link", "old");
        foreach (var path in Directory.GetFileSystemEntries(folder["out"], "*", SearchOption.AllDirectories).Append(folder["out"]).OrderByDescending(p => p.Length))
        {
            IFileSystem.Current.SetMetadata(path, new() { Path = path, Mode = IFileSystem.Current.Status(path)!.Value.Mode, ModifiedNanoseconds = 1_000_000_000 });
        }

        return folder;
    }

    /// <summary>Exports until just before a change of the commit. False if the commit has fewer.</summary>
    private static async Task<bool> KillAsync(string destination, FakeFileSystem files, int change, bool mirrors = false)
    {
        var output = new FolderOutput(destination, files, mirrors);
        Write(output, s_new);
        await output.PrepareAsync(default);
        files.DieAt(change);
        try
        {
            await output.CommitAsync(default);
            await output.DisposeAsync();
            return false;
        }
        catch (FakeDeathException)
        {
            return true;
        }
    }

    private static async Task ExportAsync(string destination, FakeFileSystem files, bool mirrors = false)
    {
        await using var output = new FolderOutput(destination, files, mirrors);
        Write(output, s_new);
        await output.PlaceAsync();
    }

    private static async Task BeginAsync(string destination)
    {
        await using var output = new FolderOutput(destination);
        output.OpenTree();
    }

    private static void AssertOldOrNew(string folder, bool isAlwaysThere, bool mirrors)
    {
        using var old = MakeOld();
        foreach (var item in s_new.Where(i => !i.Entry.Path.Contains('/', StringComparison.Ordinal) || i.Entry.Path.StartsWith("both/", StringComparison.Ordinal)))
        {
            var path = Path.Join(folder, item.Entry.Path);
            if (IFileSystem.Current.Status(path) is not { } status)
            {
                Assert.False(isAlwaysThere && IFileSystem.Current.Status(Path.Join(old["out"], item.Entry.Path)) is not null, path);
                continue;
            }

            var content = status.IsSymlink ? new FileInfo(path).LinkTarget : status.IsRegular ? System.IO.File.ReadAllText(path) : null;
            Assert.True(content is null or "old" or "new", $"{path}: {content}");
        }

        var kept = Path.Join(folder, "both/deep/kept");
        Assert.Equal("old", mirrors && !Path.Exists(kept) ? "old" : System.IO.File.ReadAllText(kept));
    }

    private static string OldText()
    {
        using var old = MakeOld();
        return Text(old["out"]);
    }

    private static string Text(string folder) => TreeText.Of(folder) + "\n" + (uint)IFileSystem.Current.Status(folder)!.Value.Mode;

    private static string Contents(string folder) => string.Join(' ', Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(f => $"{Path.GetRelativePath(folder, f)}={System.IO.File.ReadAllText(f)}"));

    private static string[] Names(string folder) => [.. FolderNames.Read(folder)];
}
