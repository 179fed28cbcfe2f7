using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Sessions.Files;
using static BuildxPS.Engine.Tests.Sessions.Files.TreeItem;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

/// <summary>Names that mean something else on a platform or file system that is not at hand here.</summary>
public sealed class ForeignNamesTests
{
    public static TheoryData<string> WindowsNamesThatMeanMore =>
    [
        @"..\victim", @"a\b", @"\victim", @"C:\victim", "C:victim", "C:", @"\\server\share", @"\\?\C:\victim", "a:stream", "nul", "NUL.txt", "con", "aux.h",
        "COM1", "lpt9.log", "CONIN$", "x.", "x ", "...", "a?", "a*", "a<b", "a|b", "a\"b", "a\nb",
    ];

    [Theory]
    [MemberData(nameof(WindowsNamesThatMeanMore))]
    public async Task On_Windows_a_name_that_means_more_than_a_name_is_refused(string name)
    {
        using var folder = new TempFolder().File("victim", "untouched");
        await using var output = new FolderOutput(folder["out"], new FakeFileSystem { Refuse = n => WindowsNames.Problem(n) });
        await using var tree = output.OpenTree();

        Assert.Equal(BuildxFailure.DestinationNotWritable, Assert.Throws<BuildxException>(() => tree.Add(Dir(name).Entry)).Failure);
        await using var other = output.OpenTree();
        other.Add(Dir("d").Entry);
        Assert.Equal(BuildxFailure.DestinationNotWritable, Assert.Throws<BuildxException>(() => other.Add(File($"d/{name}", "x").Entry)).Failure);
        await using var links = output.OpenTree();
        links.Add(Dir("d").Entry);
        var link = File("e", "").Entry with { LinkName = $"d/{name}" };
        Assert.Equal(BuildxFailure.ProtocolViolation, Assert.Throws<BuildxException>(() => links.Add(link)).Failure);
    }

    public static TheoryData<string> CaseTwins => ["a folder", "a link out", "a pipe", "a hard link"];

    [Theory]
    [MemberData(nameof(CaseTwins))]
    public async Task Where_case_is_not_told_apart_a_second_spelling_never_replaces_the_first(string kind)
    {
        using var folder = new TempFolder().File("victim", "untouched");
        var files = new FakeFileSystem { IsCaseInsensitive = true };
        await using var output = new FolderOutput(folder["out"], files);
        await using var tree = output.OpenTree();
        tree.Add(Dir("D").Entry);
        var first = File("a", "").Entry;
        tree.Add(first);

        var second = kind switch
        {
            "a folder" => Dir("d").Entry,
            "a link out" => Link("d", folder["victim"]).Entry,
            "a pipe" => new FileEntry { Path = "d", Mode = FileEntryMode.NamedPipe },
            _ => File("d", "").Entry with { LinkName = "a" },
        };
        var failure = Assert.Throws<BuildxException>(() =>
        {
            tree.Add(second);
            tree.OpenWrite(first).Dispose();
            tree.Complete();
        });

        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.Contains("may not tell upper from lower case", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_case_is_not_told_apart_a_file_does_not_go_through_a_link_of_another_spelling()
    {
        using var folder = new TempFolder().File("outside/victim", "untouched");
        await using var output = new FolderOutput(folder["out"], new FakeFileSystem { IsCaseInsensitive = true });
        await using var tree = output.OpenTree();
        tree.Add(Link("D", folder["outside"]).Entry);

        Assert.Throws<BuildxException>(() => tree.Add(File("d/victim", "new").Entry));
        Assert.Throws<BuildxException>(() => tree.Add(Dir("d").Entry));

        Assert.Equal("untouched", System.IO.File.ReadAllText(folder["outside/victim"]));
    }
}
