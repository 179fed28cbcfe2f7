
namespace BuildxPS.Engine.Tests.Progress;

public sealed class DisplayTextTests
{
    [Theory]
    [InlineData("plain text\twith a tab", "plain text\twith a tab")]
    [InlineData("a\u001b[31mred\u001b[0mb", "aredb")]
    [InlineData("a\u001b[2J\u001b[Hb", "ab")]
    [InlineData("a\u001b]0;title\u0007b", "ab")]
    [InlineData("a\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\b", "alinkb")]
    [InlineData("a\u001b]0;never ends", "a")]
    [InlineData("a\u001bPq#0\u001b\\b", "ab")]
    [InlineData("a\u001b(Bb\u001b7c\u001bcd", "abcd")]
    [InlineData("a\u009b31mb\u009d0;x\u009cc", "abc")]
    [InlineData("a\u001b", "a")]
    [InlineData("a\u001b[", "a")]
    [InlineData("a\u001b[31\u001b[32mb", "ab")]
    [InlineData("a\bb\u0000c\u007fd", "abcd")]
    [InlineData("a\u202eb\u2066c", "abc")]
    [InlineData("a\nb\rc\u2028d", "a b c d")]
    [InlineData("##vso[task.setvariable]x", "# #vso[task.setvariable]x")]
    [InlineData("x ##VSO[y] ##[error]z", "x # #vso[y] # #[error]z")]
    [InlineData("a ## comment [b]", "a ## comment [b]")]
    [InlineData("\u001b[0m##\u001b[0mvso[x]", "# #vso[x]")]
    public void A_line_is_harmless_after_cleaning(string line, string expected) => Assert.Equal(expected, DisplayText.Clean(line));

    [Fact]
    public void A_long_text_is_cut_between_characters()
        => Assert.Equal("ab…", DisplayText.Limit("ab\U0001F600cd", 4));
}
