using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Sending;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>What this user may not read, or what changes while it is read.</summary>
#pragma warning disable CA1416 // Each of them is skipped where there are no such modes.
public sealed class UnreadableTests
{
    [Fact]
    public async Task A_file_that_may_not_be_read_is_named()
    {
        using var folder = Open().File("sub/locked", "secret", 0x000);

        Assert.Equal("sub sub/locked", await PathsAsync(folder));
        var failure = await Assert.ThrowsAsync<BuildxException>(() => OtherUserThread.RunAsync(() => new LocalFileSource(folder.Path).OpenRead("sub/locked")));

        IsAbout("sub/locked", failure);
    }

    [Theory]
    [InlineData(0x000, "locked")]
    [InlineData(0x1A4, "locked/x")]
    public async Task A_folder_that_may_not_be_read_or_entered_is_named(int mode, string expected)
    {
        using var folder = Open().File("locked/x");
        using var _ = Lock(folder["locked"], mode);

        IsAbout(expected, await Assert.ThrowsAsync<BuildxException>(() => PathsAsync(folder)));
    }

    [Theory]
    [InlineData(0x000, "locked", "")]
    [InlineData(0x000, "locked;!locked/keep", "")]
    [InlineData(0x000, "locked;!**/keep", "")]
    [InlineData(0x1A4, "locked", "")]
    [InlineData(0x1A4, "locked;!**/keep", "")]
    [InlineData(0x1A4, "locked/*", "locked")]
    public async Task A_folder_that_may_not_be_read_is_passed_over_if_nothing_of_it_was_asked_for(int mode, string exclude, string expected)
    {
        using var folder = Open().File("locked/x");
        using var _ = Lock(folder["locked"], mode);

        Assert.Equal(expected, await PathsAsync(folder, new FileSelection { ExcludePatterns = exclude.Split(';') }));
    }

    [Theory]
    [InlineData(0x000, "locked/x", "locked/x")]
    [InlineData(0x000, "locked/*", "locked")]
    [InlineData(0x1A4, "locked/x", "locked/x")]
    public async Task A_followed_path_that_may_not_be_read_is_named(int mode, string path, string expected)
    {
        using var folder = Open().File("locked/x");
        using var _ = Lock(folder["locked"], mode);

        IsAbout(expected, await Assert.ThrowsAsync<BuildxException>(() => PathsAsync(folder, new FileSelection { FollowPaths = [path] })));
    }

    [Fact]
    public void What_goes_away_while_its_folder_is_walked_is_left_out_and_nothing_else()
    {
        using var folder = new TempFolder().File("a").File("b").File("c/x").File("d/x").File("e");
        var files = new FakeFiles
        {
            AfterStatus = path =>
            {
                if (path == folder["a"])
                {
                    File.Delete(folder["b"]);
                    Directory.Delete(folder["c"], recursive: true);
                }
            },
        };

        var walk = new TreeWalk(folder.Path, files.OpenTree(folder.Path), TreeFilter.Create(new FileSelection(), folder.Path, files));

        Assert.Equal("a d d/x e", string.Join(' ', walk.Entries(default).Select(e => e.Path)));
    }

    [Fact]
    public void A_link_that_became_a_file_is_named()
    {
        using var folder = new TempFolder().Link("x", "target");
        var files = new FakeFiles
        {
            AfterStatus = path =>
            {
                File.Delete(path);
                File.WriteAllText(path, "");
            },
        };

        var walk = new TreeWalk(folder.Path, files.OpenTree(folder.Path), TreeFilter.Create(new FileSelection(), folder.Path, files));

        IsAbout("x", Assert.Throws<BuildxException>(() => walk.Entries(default).ToList()));
    }

    private static TempFolder Open()
    {
        var folder = new TempFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0x1FF);
        return folder;
    }

    /// <summary>Takes rights away until it is disposed, so that the folder can be removed by whoever runs the tests.</summary>
    private static Restoring Lock(string path, int mode)
    {
        File.SetUnixFileMode(path, (UnixFileMode)mode);
        return new Restoring(path);
    }

    private static Task<string> PathsAsync(TempFolder folder, FileSelection? selection = null) =>
        OtherUserThread.RunAsync(() => TreeText.Paths(folder.Path, selection));

    private static void IsAbout(string path, BuildxException failure)
    {
        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure.Failure);
        Assert.StartsWith($"'{path}' in the build context cannot be read:", failure.Message, StringComparison.Ordinal);
    }

    private sealed class Restoring(string path) : IDisposable
    {
        public void Dispose() => File.SetUnixFileMode(path, (UnixFileMode)0x1FF);
    }
}
