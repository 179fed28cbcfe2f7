using System.Text;
using BuildxPS.Engine.Progress;
using CsCheck;
using static BuildxPS.Engine.Tests.Progress.Events;

namespace BuildxPS.Engine.Tests.Progress;

public sealed class LogLinesTests
{
    private readonly LogLines _lines = new();

    [Fact]
    public void Pieces_join_into_lines_with_the_time_of_the_first_piece()
    {
        Assert.Empty(_lines.Add(Log("v", "par", at: 1)));
        var done = _lines.Add(Log("v", "tial\nnext", at: 2));
        var line = Assert.Single(done);
        Assert.Equal("partial", line.Text);
        Assert.Equal(At(1), line.Timestamp);
        Assert.Equal("next", Assert.Single(_lines.Flush("v")).Text);
    }

    [Fact]
    public void A_character_cut_between_two_pieces_is_joined()
    {
        var bytes = Encoding.UTF8.GetBytes("ä€😀\n");
        var texts = bytes.SelectMany(b => _lines.Add(Log("v", [b]))).Select(l => l.Text);
        Assert.Equal(["ä€😀"], texts);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_replaced()
        => Assert.Equal("a\ufffdb", Assert.Single(_lines.Add(Log("v", [(byte)'a', 0xff, (byte)'b', (byte)'\n']))).Text);

    [Fact]
    public void A_character_that_never_ends_is_replaced_when_the_step_ends()
    {
        _lines.Add(Log("v", [(byte)'a', 0xe2, 0x82]));
        Assert.Equal("a\ufffd", Assert.Single(_lines.Flush("v")).Text);
    }

    [Theory]
    [InlineData("windows\r\n", "windows")]
    [InlineData("10%\r20%\r100%\n", "100%")]
    [InlineData("10%\r20%\r\n", "20%")]
    [InlineData("\n", "")]
    public void A_carriage_return_overwrites(string text, string expected)
        => Assert.Equal(expected, Assert.Single(_lines.Add(Log("v", text))).Text);

    [Fact]
    public void Standard_output_and_error_do_not_mix_within_a_line()
    {
        _lines.Add(Log("v", "out", stream: 1));
        var error = _lines.Add(Log("v", "err\n", stream: 2));
        var output = _lines.Add(Log("v", "put\n", stream: 1));
        Assert.Equal("err", Assert.Single(error).Text);
        Assert.Equal("output", Assert.Single(output).Text);
    }

    [Fact]
    public void An_endless_line_is_cut()
    {
        var lines = Enumerable.Range(0, 10).SelectMany(_ => _lines.Add(Log("v", new string('x', 5000)))).ToList();
        Assert.Equal(6, lines.Count);
        Assert.All(lines, l => Assert.Equal(LogLines.MaxLineLength, l.Text.Length));
    }

    [Fact]
    public void The_tail_keeps_the_last_lines()
    {
        _lines.Add(Log("v", string.Concat(Enumerable.Range(1, 25).Select(i => $"line {i}\n"))));
        Assert.Equal(Enumerable.Range(16, 10).Select(i => $"line {i}"), _lines.Tail("v").Select(l => l.Text));
        _lines.Forget("v");
        Assert.Empty(_lines.Tail("v"));
    }

    [Fact]
    public void Any_bytes_in_any_pieces_give_the_same_lines()
        => Check.Sample(
            Gen.Select(Gen.Byte.Array[0, 200], Gen.Int[1, 20]),
            t =>
            {
                var (data, size) = t;
                var whole = new LogLines();
                var pieces = new LogLines();
                var a = whole.Add(Log("v", data)).Concat(whole.Flush("v")).Select(l => l.Text);
                var b = data.Chunk(size).SelectMany(c => pieces.Add(Log("v", c))).ToList().Concat(pieces.Flush("v")).Select(l => l.Text);
                return a.SequenceEqual(b) && a.All(l => l.All(c => c >= ' ' || c == '\t'));
            },
            iter: 2000);
}
