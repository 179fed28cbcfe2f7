using BuildxPS.Engine.Sessions.Files.Patterns;

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
        Assert.Equal(expected, IsMatch([pattern], path));
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
        Assert.Equal(expected, IsMatch(patterns.Split(';'), path));
    }

    [Theory]
    [InlineData("!", "!/", "[", "[^", "[^bc", "a[", "[]", "[]a]", "[^]a]", "[-]", "[--]", "[x-]", "[-x]", "[a-b-c]", "[a-z", "*[")]
    [InlineData(@"\", @"a\", @"*\", @"[\]", @"[\d-]x")]
    public void A_malformed_pattern_is_named(params string[] patterns) => Assert.All(patterns, pattern =>
    {
        var failure = Assert.Throws<BuildxException>(() => IgnorePatterns.Parse([pattern], backslashSeparates: false));

        Assert.Equal(BuildxFailure.IgnorePatternInvalid, failure.Failure);
        Assert.Contains($"'{pattern}'", failure.Message, StringComparison.Ordinal);
    });

    [Theory]
    [InlineData("a*[", "a**[", "a*[]", "[z-a]", "[Local-Only]", "[a-*]", "[a-?]", "[[:foo:]]", "[[:foo:]")]
    [InlineData(@"\e", @"\1", @"\8", @"\x4", @"\xg", @"\x{}", @"\x{110000}", @"\p", @"\pX", @"\p{Foo}", @"\p{L", @"\C", @"\Z", @"\E", @"\q", @"\é", @"[a-\d]", @"[\b]")]
    [InlineData("a*{2}", "a{2}{2}*", "a|{2}*", "a{1001}*", "a{2,1}*", "a{99999999}*")]
    public void A_pattern_that_cannot_be_compared_fails_when_it_is(params string[] patterns) => Assert.All(patterns, pattern =>
    {
        var parsed = IgnorePatterns.Parse([pattern], backslashSeparates: false);

        var failure = Assert.Throws<BuildxException>(() => IsMatch([pattern], "a"));
        Assert.False(IsMatch(["b", "!" + pattern], "a"));

        Assert.Throws<BuildxException>(parsed.Demand);
        Assert.Equal(BuildxFailure.IgnorePatternInvalid, failure.Failure);
        Assert.Contains($"'{pattern}'", failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_set_of_a_script_is_refused()
    {
        // The reference knows Unicode's scripts too.
        Assert.Throws<BuildxException>(() => IsMatch([@"\p{Greek}"], "a"));
    }

    /// <summary>Each line was compared with what docker buildx makes of it (BuildKit's patternmatcher in buildx 0.29).</summary>
    [Theory]
    [InlineData("[a*b]", "b]\taa^b]", "a\t*\ta]\t[]\t]")]
    [InlineData("[?]", "[]\t^]", "?\ta]")]
    [InlineData("[**]", "*\t?", "a")]
    [InlineData("[a-c*]", "b]\tcc]", "b\t*")]
    [InlineData("[a.b]", "a", "\\\tc")]
    [InlineData("x[[:alpha:]]", "xq", "x7\tx:]")]
    [InlineData("x[[:^digit:]]", "xq", "x7")]
    [InlineData(@"x[\d]", "x7", "xd")]
    [InlineData(@"x[^\d]", "xd", "x7")]
    [InlineData(@"src\docs", "src7ocs", "srcdocs\tsrc\\docs")]
    [InlineData(@"\node_modules", "\node_modules", "node_modules")]
    [InlineData(@"\w*", "w\t7x", "-")]
    [InlineData(@"\W*", "-x", "W")]
    [InlineData(@"\s", " ", "s")]
    [InlineData(@"\x61b", "ab", "x61b")]
    [InlineData(@"\x{62}*", "b", "x{62}")]
    [InlineData(@"\101*", "A", "101")]
    [InlineData(@"\pLx", "éx", "7x\tpLx")]
    [InlineData(@"\PLx", "7x", "éx")]
    [InlineData(@"\p{Lu}*", "Ax", "ax")]
    [InlineData(@"*\b-x", "a-x", "--x")]
    [InlineData(@"\Qa*", "a[^/]*$\ta[^/]*$more", "Qa\ta[^")]
    [InlineData(@"\Qa.b\E*", @"a\.bc", "a.bc")]
    [InlineData(@"a*b\", "ab$\taxb$y", @"ab\")]
    [InlineData("a|b*", "a|b\ta\taxx\txb\tcb", "x")]
    [InlineData("*.js|*.ts", "a.js\ta.jsx\td/a.ts", "a.txt")]
    [InlineData("a||b*", "c", "")]
    [InlineData("a|b", "a|b", "a\tb")]
    [InlineData("a{2}*", "aa", "a\ta{2}")]
    [InlineData("a{2}", "a{2}", "aa")]
    [InlineData("x{1,}y?", "xxyz\txyz", "yz")]
    [InlineData("x{1,2}y?", "xxyz", "xxxyz")]
    [InlineData("a{,2}*", "a{,2}", "aa")]
    [InlineData("a{02}*", "a{02}", "aa")]
    [InlineData("*.{js,ts}", "a.{js,ts}", "a.js")]
    [InlineData("^a*", "ab", "^a")]
    [InlineData("a^*", "", "a^\ta^b")]
    [InlineData("^a", "^a", "a")]
    [InlineData("a$*", "a$\ta$b", "a")]
    [InlineData("a+*", "a+", "aa")]
    [InlineData("(a)*", "(a)b", "ab")]
    [InlineData("**]", "]", "a]\td/a]")]
    [InlineData("***", "a\td/e", "")]
    [InlineData("a***b", "ab\ta/b\ta/c/b\taxb", "ba")]
    [InlineData("a/**/b", "a/b\ta/x/b\ta/x/y/b", "a/xb")]
    [InlineData("a**b", "ab\ta/b\tax/b", "axb")]
    [InlineData(@"**a\*", "a*\td/a*", "xa*\td/xa*\tax")]
    [InlineData(@"\**", "*\t*x", "x")]
    [InlineData("a[^b]c", "a/c\taxc", "abc")]
    [InlineData("a[.-0]c", "a/c\ta.c", "axc")]
    [InlineData("a*b", "a\nb", "a/b")]
    [InlineData("a**/b", "a/b", "a\n/b\ta/\n/b")]
    [InlineData("a/**?", "a/x", "a/\nx")]
    [InlineData("\uFEFFa*", "ab", "\uFEFFab")]
    [InlineData("\uFEFFa", "\uFEFFa", "a")]
    [InlineData("[😀-😎]", "😃", "x")]
    [InlineData("a*[]a]", "ab]\tabxa", "ab")]
    [InlineData("a*[x-]", "ax\ta-", "ab")]
    [InlineData("a/..", "", "a")]
    [InlineData("a/../b", "b", "a")]
    [InlineData("../a", "", "a")]
    [InlineData("\u00A0a", "a", "\u00A0a")]
    [InlineData("\u200Ba", "\u200Ba", "a")]
    public void What_patterns_mean_is_what_buildx_makes_of_them(string pattern, string matching, string others)
    {
        Assert.All(matching.Split('\t', StringSplitOptions.RemoveEmptyEntries), path => Assert.True(IsMatch([pattern], path), path));
        Assert.All(others.Split('\t', StringSplitOptions.RemoveEmptyEntries), path => Assert.False(IsMatch([pattern], path), path));
    }

    [Theory]
    [InlineData("a*b", "axb\tab", "a\tb")]
    [InlineData("[a*b]", "a\t*", "b]")]
    [InlineData(@"\d", "d", "7")]
    [InlineData("**x", "ax\tx", "xa")]
    [InlineData("a^*", "a^b", "ab")]
    [InlineData("[z-a]", "", "z\ta")]
    [InlineData("a[^b]", "ac", "ab\ta")]
    [InlineData("[😀-😎]?", "😃é", "😃")]
    public void A_pattern_of_a_name_is_plainer(string pattern, string matching, string others)
    {
        Assert.All(matching.Split('\t', StringSplitOptions.RemoveEmptyEntries), name => Assert.True(new NamePattern(pattern).IsMatch(name), name));
        Assert.All(others.Split('\t', StringSplitOptions.RemoveEmptyEntries), name => Assert.False(new NamePattern(pattern).IsMatch(name), name));
    }

    [Fact]
    public void On_windows_a_backslash_separates_folders()
    {
        Assert.True(IsMatch([@"docs\*.md"], "docs/a.md", backslashSeparates: true));
    }

    [Fact]
    public void A_pattern_made_to_take_long_does_not()
    {
        var pattern = string.Concat(Enumerable.Repeat("**/a*", 40)) + "b";
        var path = string.Join('/', Enumerable.Repeat("aaaaaaaaaa", 300));

        Assert.False(IsMatch([pattern], path));
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
    private static bool IsMatch(string[] list, string path, bool backslashSeparates = false)
    {
        var patterns = IgnorePatterns.Parse(list, backslashSeparates);
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
