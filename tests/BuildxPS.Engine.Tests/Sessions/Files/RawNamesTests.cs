using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Names that are not UTF-8, which older engines send as they are.</summary>
public sealed class RawNamesTests
{
    private const string Folder = "d\uDCFF";

    [Fact]
    public async Task They_come_into_a_new_folder_and_are_replaced_in_one_that_exists()
    {
        using var folder = new TempFolder().Folder("at");
        foreach (var content in new[] { "first", "second" })
        {
            await using var output = new FolderOutput(folder["at/out"]);
            Write(output, Tree(content));
            await output.PlaceAsync();

            Assert.Equal([Folder, "link", "z"], FolderNames.ReadExact(folder["at/out"]));
            Assert.Equal(["\uDC80x", "\uDCC3"], FolderNames.ReadExact(folder[$"at/out/{Folder}"]));
            Assert.Equal(content, System.IO.File.ReadAllText(folder["at/out/z"]));
            Assert.Equal(Status($"at/out/{Folder}/\uDC80x"), Status("at/out/z"));
        }

        // Nothing stays beside them.
        Assert.Equal(["out"], FolderNames.Read(folder["at"]));

        FileStatus Status(string path) => IFileSystem.Current.Status(folder[path])!.Value;
    }

    [Fact]
    public async Task A_merge_that_is_taken_back_leaves_the_old_ones()
    {
        using var folder = new TempFolder().Folder("at");
        await using (var first = new FolderOutput(folder["at/out"]))
        {
            Write(first, Tree("first"));
            await first.PlaceAsync();
        }

        await using (var second = new FolderOutput(folder["at/out"]))
        {
            Write(second, [.. Tree("second"), File("zz", "new")]);
            await second.PrepareAsync(default);
            await second.CommitAsync(default);
            Assert.EndsWith("is as it was before.", await second.UndoAsync(), StringComparison.Ordinal);
        }

        Assert.Equal("first", System.IO.File.ReadAllText(folder["at/out/z"]));
        Assert.Equal([Folder, "link", "z"], FolderNames.ReadExact(folder["at/out"]));
    }

    [Fact]
    public async Task An_export_that_fails_leaves_none()
    {
        using var folder = new TempFolder();
        await using (var output = new FolderOutput(folder["out"]))
        {
            await using var tree = output.OpenTree();
            foreach (var item in Tree("x"))
            {
                tree.Add(item.Entry);
            }

            tree.OpenWrite(Tree("x")[1].Entry).Dispose();
        }

        Assert.Empty(FolderNames.ReadExact(folder.Path));
    }

    [Fact]
    public void A_link_that_looks_like_one_of_them_leads_nobody_out_when_they_are_removed_or_made_writable()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have no such names.");
        using var folder = new TempFolder().File("mine/kept", "mine").Folder("staging");
        IFileSystem.Current.SetPermissions(folder["mine"], (FileEntryMode)0x1ED);

        // .NET reads each of these as x and U+FFFD.
        string[] twins = ["x\uDCFF", "x\uDCFE", "x\uDCFD", "x\uDCFC", "x\uDC80", "x\uDCC3"];
        foreach (var twin in twins)
        {
            IFileSystem.Current.CreateDirectory(folder[$"staging/{twin}"]);
            System.IO.File.WriteAllText(folder["staging/y"], "");
            IFileSystem.Current.Rename(folder["staging/y"], folder[$"staging/{twin}/kept"]);
        }

        IFileSystem.Current.CreateSymbolicLink(folder["staging/x\uFFFD"], folder["mine"], isDirectory: true);
        var moves = new EntryMoves(IFileSystem.Current);
        foreach (var twin in twins)
        {
            IFileSystem.Current.SetPermissions(folder[$"staging/{twin}"], (FileEntryMode)0x16D);
            moves.Move(folder[$"staging/{twin}"], folder[$"staging/{twin}2"], IFileSystem.Current.Status(folder[$"staging/{twin}"])!.Value);
        }

        Staging.TryRemove(folder["staging"]);

        Assert.Equal("mine", System.IO.File.ReadAllText(folder["mine/kept"]));
        Assert.Equal((FileEntryMode)0x1ED, IFileSystem.Current.Status(folder["mine"])!.Value.Mode & (FileEntryMode)0x1FF);
        Assert.False(Directory.Exists(folder["staging"]));
    }

    [Fact]
    public void Where_names_are_text_they_are_told()
    {
        Assert.Equal("is not valid UTF-8, and names here are text", new PortableFileSystem().NameProblem("a\uDCFF"));
        Assert.Null(new PortableFileSystem().NameProblem("a😀"));
    }

    private static TreeItem[] Tree(string content) =>
    [
        Dir(Folder), File($"{Folder}/\uDC80x", content), File($"{Folder}/\uDCC3", ""), Link("link", "\uDCFE"),
        File("z", "").Entry with { LinkName = $"{Folder}/\uDC80x" },
    ];
}
