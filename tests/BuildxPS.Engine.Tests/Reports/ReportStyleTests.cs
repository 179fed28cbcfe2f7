using System.Globalization;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Reports;

namespace BuildxPS.Engine.Tests.Reports;

public sealed partial class ReportStyleTests
{
    /// <summary>Text needs 4.5 to 1, and shapes 3 to 1, against what is behind them (WCAG 2.2, 1.4.3 and 1.4.11).</summary>
    public static TheoryData<string, string, double> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string, double>
            {
                { "ink", "mark", 4.5 }, { "soft", "mark", 4.5 }, { "ran", "paper", 3 }, { "cached", "paper", 3 }, { "bad", "paper", 3 }, { "stopped", "paper", 3 },
            };
            foreach (var front in new[] { "ink", "soft", "link", "good", "bad", "warn" })
            {
                pairs.Add(front, "paper", 4.5);
                pairs.Add(front, "panel", 4.5);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Colours_are_told_apart_in_light_and_dark(string front, string back, double least)
    {
        var dark = ReportStyle.Text.IndexOf("prefers-color-scheme: dark", StringComparison.Ordinal);
        foreach (var colours in new[] { Colours(ReportStyle.Text[..dark]), Colours(ReportStyle.Text[dark..]) })
        {
            var (one, other) = (Luminance(colours[front]), Luminance(colours[back]));
            var contrast = (Math.Max(one, other) + 0.05) / (Math.Min(one, other) + 0.05);
            Assert.True(contrast >= least, $"{colours[front]} on {colours[back]}: {contrast:0.00}");
        }
    }

    private static Dictionary<string, string> Colours(string css) => Colour().Matches(css).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);

    private static double Luminance(string colour)
    {
        var parts = Enumerable.Range(0, 3).Select(i => int.Parse(colour.AsSpan(i * 2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0)
            .Select(c => c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4)).ToArray();
        return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
    }

    [GeneratedRegex("--([a-z]+): #([0-9a-f]{6})")]
    private static partial Regex Colour();
}
