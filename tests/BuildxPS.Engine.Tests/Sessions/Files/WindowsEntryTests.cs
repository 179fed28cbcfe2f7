using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>What is done with Windows' files, on any platform.</summary>
public sealed class WindowsEntryTests
{
    [Theory]
    [InlineData(FileAttributes.Normal, null, 0x1EDu, 7)]
    [InlineData(FileAttributes.ReadOnly | FileAttributes.Hidden, null, 0x16Du, 7)]
    [InlineData(FileAttributes.Directory, null, 0x800001EDu, 0)]
    [InlineData(FileAttributes.Directory | FileAttributes.ReadOnly, null, 0x8000016Du, 0)]
    [InlineData(FileAttributes.ReparsePoint, "target", 0x080001EDu, 0)]
    [InlineData(FileAttributes.ReparsePoint | FileAttributes.Directory, @"C:\target", 0x080001EDu, 0)]
    [InlineData(FileAttributes.ReparsePoint | FileAttributes.Offline, null, 0x1EDu, 7)]
    [InlineData(FileAttributes.ReparsePoint | FileAttributes.Directory, null, 0x800001EDu, 0)]
    public void Links_and_junctions_are_links_and_other_reparse_points_are_what_they_stand_for(FileAttributes attributes, string? target, uint mode, long size)
    {
        var status = WindowsEntry.Status(attributes, target, () => 7, DateTime.UnixEpoch.AddTicks(-3));

        Assert.Equal(((FileEntryMode)mode, size, -300L), (status.Mode, status.Size, status.ModifiedNanoseconds));
    }

    [Theory]
    [InlineData(@"..\lib\x", "../lib/x", "../lib/x")]
    [InlineData(@"C:\lib\x", "C:/lib/x", "/lib/x")]
    [InlineData(@"\\server\share", "//server/share", "//server/share")]
    [InlineData("c:x", "c:x", "c:x")]
    public void A_target_travels_with_slashes_and_is_found_without_its_drive(string target, string travelling, string inTree)
    {
        Assert.Equal(travelling, WindowsEntry.LinkTarget(target));
        Assert.Equal(inTree, WindowsEntry.WithoutDrive(travelling));
    }

    [Theory]
    [InlineData(@"sub\link", "lib lib/x sub sub/link")]
    [InlineData(@"sub\l*", "lib lib/x sub sub/link")]
    [InlineData("sub/link/x", "lib lib/x sub sub/link")]
    public void Followed_paths_separate_by_backslashes_too_and_drives_count_from_the_root(string follow, string expected)
    {
        using var folder = new TempFolder().File("lib/x").File("other").Link("sub/link", "target");
        var files = new FakeFiles { BackslashSeparates = true, Target = _ => WindowsEntry.LinkTarget(@"C:\lib") };
        var filter = TreeFilter.Create(new FileSelection { FollowPaths = [follow] }, folder.Path, files);

        Assert.Equal(expected, string.Join(' ', new TreeWalk(folder.Path, files.OpenTree(folder.Path), filter).Entries(default).Select(e => e.Path)));
    }

    [Theory]
    [InlineData(true, "sub")]
    [InlineData(false, "sub sub/x sub/y")]
    public void Patterns_separate_by_backslashes_where_files_do(bool backslashSeparates, string expected)
    {
        using var folder = new TempFolder().File("sub/x").File("sub/y");
        var files = new FakeFiles { BackslashSeparates = backslashSeparates };
        var filter = TreeFilter.Create(new FileSelection { ExcludePatterns = [@"sub\*"] }, folder.Path, files);

        Assert.Equal(expected, string.Join(' ', new TreeWalk(folder.Path, files.OpenTree(folder.Path), filter).Entries(default).Select(e => e.Path)));
    }
}
