using System.Runtime.InteropServices;
using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Trees that are read over the descriptors of their folders, with new kernels' calls and with old ones'.</summary>
public sealed class LinuxSourceTreeTests
{
    public LinuxSourceTreeTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux's calls.");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_tree_is_read_as_it_is_read_by_paths(bool isOld)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            using var folder = new TempFolder();
            _ = RandomTree.Make(folder["tree"], seed);
            using var tree = Open(folder["tree"], isOld);
            using var portable = new PortableSourceTree(folder["tree"], IFileSystem.Current);

            Assert.Equal(Lines(folder["tree"], portable), Lines(folder["tree"], tree));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_that_became_a_link_leads_nowhere(bool isOld)
    {
        using var folder = new TempFolder().File("tree/a/b/file", "inside").File("outside/b/file", "outside");
        using var tree = Open(folder["tree"], isOld);
        using (var stream = new StreamReader(tree.OpenRead("a/b/file")))
        {
            Assert.Equal("inside", stream.ReadToEnd());
        }

        Directory.Delete(folder["tree/a"], recursive: true);
        folder.Link("tree/a", "../outside");

        _ = Assert.ThrowsAny<IOException>(() => tree.OpenRead("a/b/file"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tree_that_is_deeper_than_folders_are_held_open_is_listed_whole_and_in_order(bool isOld)
    {
        const int depth = 150;
        static string At(int level) => string.Concat(Enumerable.Repeat("d/", level));
        using var folder = new TempFolder();
        for (var level = 0; level < depth; level++)
        {
            folder.File($"{At(level)}d/x").File($"{At(level)}z");
        }

        var expected = Enumerable.Range(0, depth).Select(level => At(level) + "d").ToList();
        for (var level = depth; level >= 0; level--)
        {
            expected.AddRange([.. level > 0 ? [At(level) + "x"] : Array.Empty<string>(), .. level < depth ? [At(level) + "z"] : Array.Empty<string>()]);
        }

        using var tree = Open(folder.Path, isOld);

        Assert.Equal(expected, Walk(folder.Path, tree).Select(e => e.Path));
    }

    [Fact]
    public void What_goes_away_while_its_folder_is_walked_is_left_out_and_nothing_else()
    {
        using var folder = new TempFolder().File("a").File("b").File("c/x").File("d/x").File("e");
        using var source = new LocalFileSource(folder.Path);
        var paths = new List<string>();
        foreach (var entry in source.List(new FileSelection(), CancellationToken.None))
        {
            paths.Add(entry.Path);
            if (entry.Path == "a")
            {
                File.Delete(folder["b"]);
                Directory.Delete(folder["c"], recursive: true);
            }
            else if (entry.Path == "d")
            {
                Directory.Delete(folder["d"], recursive: true);
            }
        }

        Assert.Equal("a d e", string.Join(' ', paths));
    }

    [Fact]
    public void A_source_stays_one_folder_and_holds_nothing_of_it_when_it_is_disposed()
    {
        using var folder = new TempFolder().File("tree/old", "1");
        using var source = new LocalFileSource(folder["tree"]);
        Assert.Equal("old", Assert.Single(source.List(new FileSelection(), CancellationToken.None)).Path);
        Directory.Move(folder["tree"], folder["moved"]);
        folder.File("tree/new", "2");

        Assert.Equal("old", Assert.Single(source.List(new FileSelection(), CancellationToken.None)).Path);
        source.OpenRead("old").Dispose();
        source.Dispose();

        Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd").Select(f => new FileInfo(f).LinkTarget), t => t?.StartsWith(folder.Path, StringComparison.Ordinal) == true);
        _ = Assert.Throws<ObjectDisposedException>(() => source.OpenRead("old"));
    }

    private static LinuxSourceTree Open(string root, bool isOld)
    {
        var calls = LinuxCalls.For(RuntimeInformation.ProcessArchitecture)!;
        calls.LacksOpenBeneath = calls.LacksAttributesByFolder = isOld;
        return new LinuxSourceTree(root, calls);
    }

    private static IEnumerable<FileEntry> Walk(string root, ISourceTree tree) =>
        new TreeWalk(root, tree, TreeFilter.Create(new FileSelection(), root, IFileSystem.Current)).Entries(default);

    private static string Lines(string root, ISourceTree tree) => string.Join('\n', Walk(root, tree).Select(e =>
    {
        var attributes = (e.ExtendedAttributes ?? new Dictionary<string, ReadOnlyMemory<byte>>()).OrderBy(a => a.Key, StringComparer.Ordinal)
            .Select(a => $"{a.Key}={Convert.ToHexString(a.Value.Span)}");
        return $"{e with { ExtendedAttributes = null }} {string.Join(',', attributes)} {Content(e, tree)}";
    }));

    private static string Content(FileEntry entry, ISourceTree tree)
    {
        if (!entry.HasContent)
        {
            return "";
        }

        using var stream = tree.OpenRead(entry.Path);
        return Convert.ToHexString(SHA256.HashData(stream));
    }
}
