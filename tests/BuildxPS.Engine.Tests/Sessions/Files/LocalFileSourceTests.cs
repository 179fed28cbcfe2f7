using System.Net.Sockets;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class LocalFileSourceTests
{
    [Fact]
    public void Entries_come_in_the_order_of_their_bytes_each_folder_followed_by_what_is_in_it()
    {
        using var folder = new TempFolder().File("a.txt").File("a-b").File("a/x").File("a/B").File("Z").File("\uFF5E").File("😀").Folder("empty");

        Assert.Equal("Z a a/B a/x a-b a.txt empty \uFF5E 😀", TreeText.Paths(folder.Path));
    }

    [Theory]
    [InlineData("docs", "", "", "a a/b a/b/c.txt a/d.txt keep.md")]
    [InlineData("**/*.txt", "", "", "a a/b docs docs/x docs/x/readme keep.md")]
    [InlineData("docs;!docs/x/readme", "", "", "a a/b a/b/c.txt a/d.txt docs docs/x docs/x/readme keep.md")]
    [InlineData("*;!**/readme", "", "", "docs docs/x docs/x/readme")]
    [InlineData("", "a/b", "", "a a/b a/b/c.txt")]
    [InlineData("", "**/readme", "", "docs docs/x docs/x/readme")]
    [InlineData("**/*.txt", "a/b", "", "a a/b")]
    [InlineData("", "", "keep.md;missing", "keep.md")]
    [InlineData("", "", ".", "a a/b a/b/c.txt a/d.txt docs docs/x docs/x/readme docs/y.txt keep.md")]
    [InlineData("", "", "../../etc", "")]
    [InlineData("nothing", "nothing", "", "")]
    public void Patterns_select_entries_and_parents_come_along(string exclude, string include, string follow, string expected)
    {
        using var folder = new TempFolder().File("a/b/c.txt").File("a/d.txt").File("docs/x/readme").File("docs/y.txt").File("keep.md");

        Assert.Equal(expected, TreeText.Paths(folder.Path, Selection(exclude, include, follow)));
    }

    [Theory]
    [InlineData("one", "one target target/file")]
    [InlineData("one/file", "one target target/file")]
    [InlineData("chain", "chain one target target/file")]
    [InlineData("absolute", "absolute target target/file")]
    [InlineData("loop", "loop pool")]
    [InlineData("up", "target target/file up")]
    [InlineData("gone", "gone")]
    [InlineData("sub/l*", "one sub sub/link target target/file")]
    [InlineData("root", "absolute chain gone loop one pool root sub sub/link target target/file up")]
    public void Followed_paths_bring_links_and_what_they_lead_to(string follow, string expected)
    {
        using var folder = new TempFolder().File("target/file").Link("one", "target").Link("chain", "./one").Link("absolute", "/target")
            .Link("loop", "pool").Link("pool", "loop").Link("up", "../../target").Link("gone", "nowhere").Link("sub/link", "../one/file").Link("root", "/");

        Assert.Equal(expected, TreeText.Paths(folder.Path, Selection("", "", follow)));
    }

    [Fact]
    public void A_followed_path_that_no_file_system_takes_is_named()
    {
        using var folder = new TempFolder();
        var name = new string('x', 300);

        var failure = Assert.Throws<BuildxException>(() => TreeText.Paths(folder.Path, Selection("", "", name)));

        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure.Failure);
        Assert.Contains(name[..200], failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[*b]", "target target/file")]
    [InlineData("?", "a a/b b target target/file")]
    [InlineData("a/**", "a a/b")]
    public void Wildcards_find_links_by_the_rules_of_names_and_files_by_those_of_patterns(string follow, string expected)
    {
        using var folder = new TempFolder().File("target/file").File("a/b").Link("b", "target");

        Assert.Equal(expected, TreeText.Paths(folder.Path, Selection("", "", follow)));
    }

    [Fact]
    public void Every_kind_of_entry_is_described_as_the_protocol_has_it()
    {
        using var folder = new TempFolder().File("file", "12345", 0x9ED).Link("link", "some/target").Folder("sub");
        var files = IFileSystem.Current;
        files.CreateSpecial(folder["pipe"], new FileEntry { Path = "pipe", Mode = FileEntryMode.NamedPipe | (FileEntryMode)0x1A4 });
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["socket"]));
        files.SetMetadata(folder["file"], new FileEntry
        {
            Path = "file",
            Mode = FileEntryMode.SetUid | (FileEntryMode)0x1ED,
            ModifiedNanoseconds = 1_234_567_890_123_456_789,
            ExtendedAttributes = new Dictionary<string, ReadOnlyMemory<byte>> { ["user.note"] = "hello"u8.ToArray() },
        });

        var entries = new LocalFileSource(folder.Path).List(new FileSelection(), CancellationToken.None).ToDictionary(e => e.Path);

        Assert.Equal(FileEntryMode.SetUid | (FileEntryMode)0x1ED, entries["file"].Mode);
        Assert.Equal(5, entries["file"].Size);
        Assert.Equal(1_234_567_890_123_456_789, entries["file"].ModifiedNanoseconds);
        Assert.Equal(("some/target", 11L), (entries["link"].LinkName, entries["link"].Size));
        Assert.True(entries["link"].Mode.HasFlag(FileEntryMode.Symlink));
        Assert.True(entries["pipe"].Mode.HasFlag(FileEntryMode.NamedPipe));
        Assert.True(entries["socket"].HasContent);
        Assert.Equal(0, new LocalFileSource(folder.Path).OpenRead("socket").Read(new byte[1]));
        Assert.Equal(0, entries["sub"].Size);
        Assert.All(entries.Values, e => Assert.Equal((0u, 0u), (e.UserId, e.GroupId)));
        if (entries["file"].ExtendedAttributes is { } attributes)
        {
            Assert.Equal("hello"u8, attributes["user.note"].Span);
        }
    }

    [Fact]
    public void A_second_name_of_a_file_refers_to_the_first_that_is_sent()
    {
        using var folder = new TempFolder().File("a", "data").HardLink("b", "a").HardLink("sub/c", "a");
        var source = new LocalFileSource(folder.Path);

        var all = source.List(new FileSelection(), CancellationToken.None).ToDictionary(e => e.Path);
        var filtered = source.List(Selection("a", "", ""), CancellationToken.None).ToDictionary(e => e.Path);

        Assert.Equal(("", "a", "a"), (all["a"].LinkName, all["b"].LinkName, all["sub/c"].LinkName));
        Assert.Equal(4, all["b"].Size);
        Assert.Equal(("", "b"), (filtered["b"].LinkName, filtered["sub/c"].LinkName));
    }

    [Fact]
    public void A_second_name_of_a_pipe_or_a_socket_refers_to_the_first_too_but_a_link_keeps_its_target()
    {
        using var folder = new TempFolder().Link("link", "some/target").HardLink("link2", "link");
        var files = IFileSystem.Current;
        files.CreateSpecial(folder["pipe"], new FileEntry { Path = "pipe", Mode = FileEntryMode.NamedPipe | (FileEntryMode)0x1A4 });
        folder.HardLink("pipe2", "pipe");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["socket"]));
        folder.HardLink("socket2", "socket");

        var entries = new LocalFileSource(folder.Path).List(new FileSelection(), CancellationToken.None).ToDictionary(e => e.Path);

        Assert.Equal(("", "pipe"), (entries["pipe"].LinkName, entries["pipe2"].LinkName));
        Assert.True(entries["pipe2"].Mode.HasFlag(FileEntryMode.NamedPipe));
        Assert.Equal(("", "socket"), (entries["socket"].LinkName, entries["socket2"].LinkName));
        Assert.Equal(("some/target", "some/target"), (entries["link"].LinkName, entries["link2"].LinkName));
    }

    [Fact]
    public void A_file_that_is_gone_is_named()
    {
        using var folder = new TempFolder().Folder("sub");

        var failure = Assert.Throws<BuildxException>(() => new LocalFileSource(folder.Path).OpenRead("sub/gone"));

        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure.Failure);
        Assert.Contains("sub/gone", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_became_a_link_is_not_followed()
    {
        using var folder = new TempFolder().Link("x", "/etc/passwd");

        Assert.Equal(
            BuildxFailure.BuildContextUnreadable,
            Assert.Throws<BuildxException>(() => new LocalFileSource(folder.Path).OpenRead("x")).Failure);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    public void A_path_outside_is_never_opened(string path)
    {
        using var folder = new TempFolder();

        Assert.Throws<ArgumentException>(() => new LocalFileSource(folder.Path).OpenRead(path));
    }

    [Fact]
    public void A_root_that_is_missing_is_named()
    {
        using var folder = new TempFolder();

        var failure = Assert.Throws<BuildxException>(() => TreeText.Paths(folder["missing"]));

        Assert.Equal(BuildxFailure.BuildContextNotFound, failure.Failure);
        Assert.Contains(folder["missing"], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_that_is_a_link_is_followed()
    {
        using var folder = new TempFolder().File("real/file").Link("root", "real");

        Assert.Equal("file", TreeText.Paths(folder["root"]));
    }

    private static FileSelection Selection(string exclude, string include, string follow) => new()
    {
        ExcludePatterns = exclude.Length == 0 ? [] : exclude.Split(';'),
        IncludePatterns = include.Length == 0 ? [] : include.Split(';'),
        FollowPaths = follow.Length == 0 ? [] : follow.Split(';'),
    };
}
