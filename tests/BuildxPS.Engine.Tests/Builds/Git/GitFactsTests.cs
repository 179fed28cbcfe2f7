using BuildxPS.Engine.Builds.Git;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Git;

/// <summary>What is read of repositories, from git's own files as they lie on the disk.</summary>
public sealed class GitFactsTests : IDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_branch_is_followed_to_its_commit_and_its_remote()
    {
        _folder.Write(".git/HEAD", "ref: refs/heads/a/b\n");
        _folder.Write(".git/refs/heads/a/b", Commit + "\n");
        _folder.Write(".git/config", """
            [core]
            	bare = false
            [remote "origin"]
            	url = git@host.example:team/app.git ; a comment
            [remote "fork"]
            	url = "https://me:secret@fork.example/app.git"
            [branch "a/b"]
            	remote = fork
            	merge = refs/heads/a/b
            """);
        var facts = await ReadAsync();
        Assert.Equal((Commit, "https://fork.example/app.git", _folder.Path, null), (facts.Revision, facts.Source, facts.Root, facts.Warning));
    }

    [Fact]
    public async Task A_packed_branch_and_origin_are_found_from_a_folder_below()
    {
        _folder.Write(".git/HEAD", "ref: refs/heads/main\n");
        _folder.Write(".git/packed-refs", $"# pack-refs with: peeled\n{new string('f', 40)} refs/heads/other-main\n{Commit} refs/heads/main\n^{new string('e', 40)}\n");
        _folder.Write(".git/config", "[remote \"origin\"]\n url = ssh://git@host.example/app\n");
        _folder.Write("sub/folder/x", "");
        var facts = await ReadAsync("sub/folder");
        Assert.Equal((Commit, "ssh://host.example/app"), (facts.Revision, facts.Source));
    }

    [Fact]
    public async Task A_worktree_of_its_own_shares_references_and_configuration()
    {
        _folder.Write("main/.git/config", "[remote \"upstream\"]\nurl = https://host.example/app\n");
        _folder.Write("main/.git/packed-refs", $"{Commit} refs/heads/side\n");
        _folder.Write("main/.git/worktrees/side/HEAD", "ref: refs/heads/side\n");
        _folder.Write("main/.git/worktrees/side/commondir", "../..\n");
        _folder.Write("side/.git", $"gitdir: {_folder.Path}/main/.git/worktrees/side\n");
        var facts = await ReadAsync("side");
        Assert.Equal((Commit, "https://host.example/app"), (facts.Revision, facts.Source));
    }

    [Theory]
    [InlineData("0123456789abcdef0123456789abcdef01234567\n", "0123456789abcdef0123456789abcdef01234567", false)]
    [InlineData("ref: refs/heads/unborn\n", null, false)]
    [InlineData("ref: refs/../../../etc/passwd\n", null, true)]
    [InlineData("ref: /etc/passwd\n", null, true)]
    [InlineData("rubbish\n", null, true)]
    public async Task A_head_that_is_no_commit_is_said_and_stops_nothing(string head, string? revision, bool isWarned)
    {
        _folder.Write(".git/HEAD", head);
        var facts = await ReadAsync();
        Assert.Equal((revision, isWarned), (facts.Revision, facts.Warning is not null));
    }

    [Fact]
    public async Task Git_files_that_are_no_files_are_not_read()
    {
        _folder.Write(".git/HEAD", Commit);
        File.CreateSymbolicLink(Path.Join(_folder.Path, ".git/config"), "/dev/zero");
        var facts = await ReadAsync();
        Assert.Equal((Commit, null, null), (facts.Revision, facts.Source, facts.Warning));
    }

    [Fact]
    public async Task Switched_off_or_without_a_repository_nothing_is_known()
    {
        Assert.Null((await ReadAsync()).Root);
        _folder.Write(".git/HEAD", Commit);
        Assert.Null((await ReadAsync("", ("BUILDX_GIT_INFO", "false"))).Root);
        Assert.True((await ReadAsync("", ("BUILDX_GIT_INFO", "junk"))).ForProvenance);
    }

    [Theory]
    [InlineData("https://u:p@h/x", "https://h/x")]
    [InlineData("https://u@h", "https://h")]
    [InlineData("https://h/x@y", "https://h/x@y")]
    [InlineData("https://u:p@ss@h/x", "https://h/x")]
    [InlineData("git@h:x", "git@h:x")]
    public void Logins_are_taken_out_of_addresses(string address, string expected) => Assert.Equal(expected, BuildxPS.Engine.Builds.Git.GitRepository.WithoutLogin(address));

    private Task<GitFacts> ReadAsync(string below = "", params (string Name, string Value)[] variables)
        => GitFacts.ReadAsync(
            Path.Join(_folder.Path, below).TrimEnd('/'),
            new ClientEnvironment { HomeDirectory = "/", Variables = variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal) },
            TestContext.Current.CancellationToken);
}
