using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class IgnorePatternsTests
{
    [Theory]
    [InlineData("**", "file", true)]
    [InlineData("**/", "dir/file", true)]
    [InlineData("**/**", "dir/file", true)]
    [InlineData("dir/**", "dir/sub/file", true)]
    [InlineData("dir/**", "dir", false)]
    [InlineData("dir**", "dirty/file", true)]
    [InlineData("**/dir", "dir", true)]
    [InlineData("**/dir", "dir/file", true)]
    [InlineData("**/dir", "a/b/dir", true)]
    [InlineData("**/dir/*", "a/dir/file", true)]
    [InlineData("**/dir/**", "a/dir/b/file", true)]
    [InlineData("**file", "a/b/file", true)]
    [InlineData("**file", "a/b/profile", true)]
    [InlineData("**/file", "a/profile", false)]
    [InlineData("**/file*txt", "a/b/file.txt", true)]
    [InlineData("**/**/*.txt", "file.txt", true)]
    [InlineData("**/**/*.txt2", "a/b/file.txt", false)]
    [InlineData("a**/*.txt", "a/b/c/file.txt", true)]
    [InlineData("a/*.txt", "a/b/file.txt", false)]
    [InlineData("a/*.txt**", "a/file.txt", true)]
    [InlineData("*", "anything", true)]
    [InlineData("*", "a/below", true)]
    [InlineData("a*", "ab/c", true)]
    [InlineData("a*/b", "a/c/b", false)]
    [InlineData("a*b?c*x", "abxbbxdbxebxczzx", true)]
    [InlineData("a*b?c*x", "abxbbxdbxebxczzy", false)]
    [InlineData("a[b-d]e", "ace", true)]
    [InlineData("a[b-d]e", "aae", false)]
    [InlineData("a[^b-d]e", "aze", true)]
    [InlineData("a[^b-d]e", "ace", false)]
    [InlineData("[a-ζ]*", "α", true)]
    [InlineData("*[a-ζ]", "A", false)]
    [InlineData("a?b", "a☺b", true)]
    [InlineData("a?b", "a😀b", true)]
    [InlineData("a??b", "a😀b", false)]
    [InlineData("a?b", "a/b", false)]
    [InlineData("a???b", "a☺b", false)]
    [InlineData(".*", ".foo", true)]
    [InlineData(".*", "foo", false)]
    [InlineData("abc.def", "abcZdef", false)]
    [InlineData("abc?def", "abcZdef", true)]
    [InlineData(@"a\*b", "a*b", true)]
    [InlineData(@"a\*b", "axb", false)]
    [InlineData(@"a\\", @"a\", true)]
    [InlineData(@"[\]a]", "]", true)]
    [InlineData(@"[x\-]", "-", true)]
    [InlineData("a(b)c/def", "a(b)c/def", true)]
    [InlineData("a.|)$(}+{bc", "a.|)$(}+{bc", true)]
    [InlineData("docs/", "docs/readme", true)]
    [InlineData("./docs//x/../", "docs/readme", true)]
    [InlineData("/docs", "docs/readme", false)]
    [InlineData("DOCS", "docs", false)]
    [InlineData("  docs  ", "docs", true)]
    [InlineData("docs/api", "docs", false)]
    public void One_pattern_matches_as_dockerignore_says(string pattern, string path, bool expected)
    {
        var patterns = IgnorePatterns.Parse([pattern], backslashSeparates: false);

        Assert.Equal(expected, patterns.IsMatch(path));
        Assert.Equal(expected, MatchFromTheRoot(patterns, path));
    }

    [Theory]
    [InlineData("docs;!docs/README.md", "docs/README.md", false)]
    [InlineData("docs/*;!docs/README.md", "docs/README.md", false)]
    [InlineData("!file.go;*.go", "file.go", true)]
    [InlineData("*.go;!file.go", "file.go", false)]
    [InlineData("**;!util/docker/web", "util/docker/web/foo", false)]
    [InlineData("**;!util/docker/web;util/docker/web/foo", "util/docker/web/foo", true)]
    [InlineData("**;!dist/*.whl", "dist/x-1.0+g08-py3.whl", false)]
    [InlineData("a;!a/b;a/b/c", "a/b/c/d", true)]
    [InlineData("a;!a/b;a/b/c", "a/b/d", false)]
    [InlineData("", "a", false)]
    public void The_last_pattern_that_matches_wins(string patterns, string path, bool expected)
    {
        var parsed = IgnorePatterns.Parse(patterns.Split(';'), backslashSeparates: false);

        Assert.Equal(expected, parsed.IsMatch(path));
        Assert.Equal(expected, MatchFromTheRoot(parsed, path));
    }

    [Theory]
    [InlineData("!")]
    [InlineData("[")]
    [InlineData("[^")]
    [InlineData("[^bc")]
    [InlineData("a[")]
    [InlineData("[]a]")]
    [InlineData("[-]")]
    [InlineData("[x-]")]
    [InlineData("[-x]")]
    [InlineData("[a-b-c]")]
    [InlineData("[Local-Only]")]
    [InlineData("\\")]
    public void A_malformed_pattern_is_named(string pattern)
    {
        var failure = Assert.Throws<BuildxException>(() => IgnorePatterns.Parse([pattern], backslashSeparates: false));

        Assert.Equal(BuildxFailure.IgnorePatternInvalid, failure.Failure);
        Assert.Contains($"'{pattern}'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void On_windows_a_backslash_separates_folders()
    {
        Assert.True(IgnorePatterns.Parse([@"docs\*.md"], backslashSeparates: true).IsMatch("docs/a.md"));
    }

    [Fact]
    public void A_pattern_made_to_take_long_does_not()
    {
        var pattern = string.Concat(Enumerable.Repeat("**/a*", 40)) + "b";
        var path = string.Join('/', Enumerable.Repeat("aaaaaaaaaa", 300));

        Assert.False(IgnorePatterns.Parse([pattern], backslashSeparates: false).IsMatch(path));
    }

    [Theory]
    [InlineData("docs;!docs/a/b", "docs", true)]
    [InlineData("docs;!docs/a/b", "other", false)]
    [InlineData("docs;!docs/a/**", "docs/a", true)]
    [InlineData("docs;!**/keep", "other", true)]
    [InlineData("docs", "docs", false)]
    public void A_folder_is_passed_over_only_if_nothing_in_it_can_be_brought_back(string patterns, string folder, bool expected)
    {
        Assert.Equal(expected, IgnorePatterns.Parse(patterns.Split(';'), backslashSeparates: false).MayExceptIn(folder));
    }

    /// <summary>Matches as the walk does: folder by folder, with what the folder before gave.</summary>
    private static bool MatchFromTheRoot(IgnorePatterns patterns, string path)
    {
        var matched = false;
        var folder = new bool[patterns.Count];
        for (var end = path.IndexOf('/', StringComparison.Ordinal); ; end = path.IndexOf('/', end + 1))
        {
            var matches = new bool[patterns.Count];
            matched = patterns.IsMatch(end < 0 ? path : path[..end], folder, matches);
            folder = matches;
            if (end < 0)
            {
                return matched;
            }
        }
    }
}
