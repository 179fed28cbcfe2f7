using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Tests.Configuration;

public sealed class GoTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("90s", 90)]
    [InlineData("2m30s", 150)]
    [InlineData("1.5h", 5400)]
    [InlineData("+1h2m3s", 3723)]
    [InlineData("-2s", -2)]
    [InlineData("300ms", 0.3)]
    [InlineData(".5s", 0.5)]
    [InlineData("1.s", 1)]
    [InlineData("100µs", 0.0001)]
    [InlineData("100μs", 0.0001)]
    [InlineData("1000000ns", 0.001)]
    public void Duration_is_read_as_Go_reads_it(string text, double seconds)
        => Assert.Equal(seconds, GoText.Duration(text)!.Value.TotalSeconds, 6);

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("90")]
    [InlineData("s")]
    [InlineData(".s")]
    [InlineData("1d")]
    [InlineData("1 s")]
    [InlineData("1s ")]
    [InlineData("1.2.3s")]
    [InlineData("1s2")]
    [InlineData("--1s")]
    [InlineData("1e3s")]
    [InlineData("9999999h")]
    public void What_Go_does_not_take_is_none(string text) => Assert.Null(GoText.Duration(text));
}
