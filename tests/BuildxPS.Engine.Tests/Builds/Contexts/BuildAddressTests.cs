namespace BuildxPS.Engine.Tests.Builds.Contexts;

public sealed class BuildAddressTests
{
    [Theory]
    [InlineData("https://example.org/a.tar.gz?key=secret", "https://example.org/a.tar.gz?xxxxx")]
    [InlineData("https://user:p@ss@example.org/a.tar.gz", "https://user:xxxxx@example.org/a.tar.gz")]
    [InlineData("https://example.org/a.git?branch=main", "https://example.org/a.git?branch=main")]
    [InlineData("https://example.org/it's.tar?key=secret", "https://example.org/it's.tar?xxxxx")]
    [InlineData("https://example.org/a.tar?key=se',cret with blanks", "https://example.org/a.tar?xxxxx")]
    [InlineData("https://example.org/a.tar#part?key=secret", "https://example.org/a.tar#part?xxxxx")]
    [InlineData("https://example.org/a.git?ref=x&private_token=secret&subdir=y#z", "https://example.org/a.git?ref=x&private_token=xxxxx&subdir=y#z")]
    [InlineData("folder?", "folder?")]
    public void Nothing_secret_is_shown(string text, string shown) => Assert.Equal(shown, BuildAddress.Show(text));

    [Theory]
    [InlineData("https://example.org/a.tar.gz", true, false)]
    [InlineData("http://example.org", true, false)]
    [InlineData("https://example.org/a.git", true, true)]
    [InlineData("https://example.org/a.git?branch=x#:sub", true, true)]
    [InlineData("https://example.org/a.git#main:docs/x", true, true)]
    [InlineData("https://example.org/a.git/tree", true, false)]
    [InlineData("https://example.org/a?x=.git", true, false)]
    [InlineData("HTTPS://example.org/a.git", true, true)]
    [InlineData("HTTPS://example.org/a.tar", false, false)]
    [InlineData("git://example.org/a", true, true)]
    [InlineData("ssh://git@example.org:22/a", true, true)]
    [InlineData("git@example.org:a/b", true, true)]
    [InlineData("some-one@example.org:a/b.git#v1", true, true)]
    [InlineData("github.com/a/b", true, true)]
    [InlineData("./github.com/a/b", false, false)]
    [InlineData("../git@example.org:a", false, false)]
    [InlineData("gitlab.com/a/b", false, false)]
    [InlineData("ftp://example.org/a.git", false, false)]
    [InlineData("/srv/a.git", false, false)]
    [InlineData(@"C:\a.git", false, false)]
    [InlineData(".", false, false)]
    [InlineData("", false, false)]
    public void Addresses_are_told_from_paths_and_repositories_from_files(string text, bool isAddress, bool isGit)
    {
        Assert.Equal(isAddress, BuildAddress.IsAddress(text));
        if (isAddress)
        {
            Assert.Equal(isGit, BuildAddress.Parse(text, "It").IsGit);
        }
    }

    [Theory]
    [InlineData("https://example.org/a.git", null, null, false, false)]
    [InlineData("https://example.org/a.git#main", "main", null, false, false)]
    [InlineData("https://example.org/a.git#main:x/y", "main", "x/y", false, false)]
    [InlineData("https://example.org/a.git#:x", null, "x", false, false)]
    [InlineData("https://example.org/a.git?branch=b&subdir=x", "refs/heads/b", "x", true, false)]
    [InlineData("https://example.org/a.git?tag=v1", "refs/tags/v1", null, true, false)]
    [InlineData("https://example.org/a.git?ref=x#x", "x", null, true, false)]
    [InlineData("https://example.org/a.git?", null, null, false, false)]
    [InlineData("ssh://git@example.org/a#b", "b", null, false, true)]
    [InlineData("git@example.org:a/b?ref=v%31#:c", "v1", "c", true, true)]
    [InlineData("github.com/a/b#v2", "v2", null, false, false)]
    public void What_is_said_of_a_repository_is_read(string text, string? reference, string? folder, bool hasQuery, bool isSsh)
    {
        var address = BuildAddress.Parse(text, "It");
        Assert.Equal((reference, folder, hasQuery, isSsh), (address.Git!.Reference, address.Git.Subfolder, address.HasQuery, address.IsSsh));
    }

    [Theory]
    [InlineData("https://", "no")]
    [InlineData("https:///a.git", "no")]
    [InlineData("https://exa mple.org/a.git", "blank")]
    [InlineData("https://example.org/a.git#x\ny", "control")]
    [InlineData("https://example.org/a.git?brnach=x", "'brnach'")]
    [InlineData("https://example.org/a.git?branch=", "branch is empty")]
    [InlineData("https://example.org/a.git?branch=a&branch=b", "more than once")]
    [InlineData("https://example.org/a.git?branch=a&tag=b", "a branch and a tag")]
    [InlineData("https://example.org/a.git?ref=a#b", "'b' and 'a'")]
    [InlineData("https://example.org/a.git?ref=a&tag=a", "two values for ref")]
    [InlineData("https://example.org/a.git?subdir=a#:b", "two values for subdir")]
    [InlineData("https://example.org/a.git?checksum=a&commit=b", "two values for commit")]
    [InlineData("https://example.org/a.git?submodules=maybe", "'maybe'")]
    [InlineData("https://example.org/a.git?mtime=now", "'now'")]
    [InlineData("git@example.org:a?x=1", "'x'")]
    public void What_is_wrong_is_named(string text, string part)
    {
        Assert.True(BuildAddress.IsAddress(text), text);
        var failure = Assert.Throws<BuildxException>(() => BuildAddress.Parse(text, "The build context"));
        Assert.Equal(BuildxFailure.ArgumentInvalid, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    [Fact]
    public void A_password_is_not_shown()
    {
        const string text = "https://me:hunter2@example.org/a.git?brnach=x";
        Assert.DoesNotContain("hunter2", Assert.Throws<BuildxException>(() => BuildAddress.Parse(text, "It")).Message, StringComparison.Ordinal);
        Assert.Equal("https://xxxxx@example.org/a.git", BuildAddress.Hide("https://ghp_token@example.org/a.git"));
        Assert.Equal("ssh://git@example.org/a.git", BuildAddress.Hide("ssh://git@example.org/a.git"));
        Assert.Equal(
            "GET \"https://example.org/a.tar?xxxxx\": 403, as 'http://example.org/b?xxxxx' (HTTPS://example.org/c?xxxxx): https://example.org/a.git?ref=x&subdir=y, too",
            BuildAddress.Hide("GET \"https://example.org/a.tar?key=it's&x=2#3\": 403, as 'http://example.org/b?sig=1' (HTTPS://example.org/c?sig=1): https://example.org/a.git?ref=x&subdir=y, too"));
        Assert.Equal("failed to fetch https://me:xxxxx@example.org/a.git: 404", BuildAddress.Hide("failed to fetch https://me:hunter2@example.org/a.git: 404"));
    }
}
