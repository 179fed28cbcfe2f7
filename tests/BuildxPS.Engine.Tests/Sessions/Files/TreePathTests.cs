using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Systems;
using CsCheck;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class TreePathTests
{
    [Theory]
    [InlineData("a", null)]
    [InlineData("a/b.c/..d", null)]
    [InlineData("a b/…", null)]
    [InlineData("", "is empty")]
    [InlineData("/a", "is absolute")]
    [InlineData("..", "leaves the tree")]
    [InlineData("../a", "leaves the tree")]
    [InlineData("a/../b", "leaves the tree")]
    [InlineData("a//b", "is not clean")]
    [InlineData("./a", "is not clean")]
    [InlineData("a/", "is not clean")]
    [InlineData("a\0b", "contains a NUL character")]
    public void A_path_that_cannot_lie_in_a_tree_is_told(string path, string? problem)
    {
        Assert.Equal(problem, TreePath.Problem(path));
    }

    [Fact]
    public void Paths_compare_by_utf8_bytes_with_the_slash_lowest()
    {
        string[] alphabet = ["a", "b", "-", ".", "/", "é", "\uE000", "\uFFFD", "😀", "!", "\uDC80", "\uDCC3", "\uDCFF"];
        var path = Gen.OneOf(alphabet).Array[0, 6].Select(string.Concat);

        Gen.Select(path, path).Sample((x, y) => Math.Sign(TreePath.Compare(x, y)) == Math.Sign(Bytes(x).AsSpan().SequenceCompareTo(Bytes(y))));

        static byte[] Bytes(string text) => [.. Encode(text).Select(b => b == '/' ? (byte)0 : b)];

        static byte[] Encode(string text)
        {
            var bytes = new byte[NameBytes.Count(text)];
            Assert.Equal(bytes.Length, NameBytes.Encode(text, bytes));
            return bytes;
        }
    }

    [Theory]
    [InlineData("a/b/../c/./d/", "a/c/d")]
    [InlineData("../../a", "../../a")]
    [InlineData("/../a", "/a")]
    [InlineData("a/..", ".")]
    [InlineData("//", "/")]
    public void Cleaning_gives_the_shortest_equal_path(string path, string expected)
    {
        Assert.Equal(expected, TreePath.Clean(path));
    }

    [Theory]
    [InlineData("ordinary.txt", null)]
    [InlineData("CONSOLE", null)]
    [InlineData("com10", null)]
    [InlineData("nul", "is the name of a device on Windows")]
    [InlineData("Aux.txt", "is the name of a device on Windows")]
    [InlineData("LPT1 .x", "is the name of a device on Windows")]
    [InlineData("COM³", "is the name of a device on Windows")]
    [InlineData("a:b", "has a character that Windows does not allow in names")]
    [InlineData(@"a\b", "has a character that Windows does not allow in names")]
    [InlineData("a\tb", "has a character that Windows does not allow in names")]
    [InlineData("a.", "ends in a dot or a blank, which Windows drops")]
    [InlineData("a ", "ends in a dot or a blank, which Windows drops")]
    public void A_name_that_means_something_else_on_windows_is_told(string name, string? problem)
    {
        Assert.Equal(problem, WindowsNames.Problem(name));
    }
}
