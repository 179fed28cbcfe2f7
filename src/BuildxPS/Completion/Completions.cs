using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>What the completers share: choosing by what was typed, and quoting.</summary>
internal static class Completions
{
    /// <summary>The values that go on with what was typed.</summary>
    /// <param name="typed">The word at the cursor, with a quote if one was typed.</param>
    /// <param name="values">Values, each with its explanation.</param>
    /// <returns>Results, quoted where PowerShell needs it.</returns>
    public static IEnumerable<CompletionResult> Select(string? typed, IEnumerable<(string Value, string ToolTip)> values)
    {
        var start = (typed ?? "").Trim('\'', '"');
        return values
            .Where(v => v.Value.StartsWith(start, StringComparison.OrdinalIgnoreCase))
            .Select(v => new CompletionResult(Quote(v.Value), v.Value, CompletionResultType.ParameterValue, v.ToolTip));
    }

    /// <summary>The same, of something that may fail: a completion that fails is none.</summary>
    public static IReadOnlyList<CompletionResult> Try(Func<IEnumerable<CompletionResult>> complete)
    {
        try
        {
            return [.. complete()];
        }
        catch (Exception e) when (e is BuildxException or IOException or UnauthorizedAccessException or RuntimeException or InvalidOperationException or NotSupportedException)
        {
            return [];
        }
    }

    private static string Quote(string value)
        => value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or '\\' or ':') && value[0] != '-'
            ? value
            : "'" + CodeGeneration.EscapeSingleQuotedStringContent(value) + "'";
}
