using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Diagnostics;

/// <summary>Tells failures of a push that are likely to pass from those that will not.</summary>
internal static partial class PassingFailure
{
    /// <summary>Whether an engine's error is that of a push which may succeed a moment later: the registry was busy, or the network let go.</summary>
    /// <param name="text">The engine's text.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsOfPush(string text) => Push().IsMatch(text);

    // Answers by their number, or by the code in their document, which engines show instead.
    [GeneratedRegex(@"failed to push [^\n]*(?:unexpected status from \w+ request to \S+: (?:408|429|5\d\d)\b|: (?:toomanyrequests|unavailable): |connection reset by peer|broken pipe|i/o timeout|TLS handshake timeout|unexpected EOF|: EOF\b)")]
    private static partial Regex Push();
}
