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
            .Where(v => v.Value.StartsWith(start, StringComparison.OrdinalIgnoreCase) && IsShowable(v.Value))
            .Select(v => new CompletionResult(Quote(v.Value), v.Value, CompletionResultType.ParameterValue, DisplayText.Line(v.ToolTip)));
    }

    /// <summary>The items that go on with the last one of a list.</summary>
    /// <param name="typed">The list.</param>
    /// <param name="items">Items, each with its explanation.</param>
    /// <returns>Results, quoted where PowerShell needs it.</returns>
    public static IEnumerable<CompletionResult> SelectItems(TypedList typed, IEnumerable<(string Value, string ToolTip)> items)
        => items
            .Where(i => i.Value.StartsWith(typed.Last, StringComparison.OrdinalIgnoreCase) && IsShowable(i.Value))
            .Select(i => new CompletionResult(
                typed.IsOneWord ? Quoted(typed.Before + i.Value) : IsPlain(i.Value.Replace("=", "", StringComparison.Ordinal)) ? i.Value : Quoted(i.Value),
                i.Value,
                CompletionResultType.ParameterValue,
                DisplayText.Line(i.ToolTip)));

    /// <summary>The same, of something that may fail: a completion that fails is none.</summary>
    public static IReadOnlyList<CompletionResult> Try(Func<IEnumerable<CompletionResult>> complete) => Try(complete, []);

    /// <summary>What can be found out, or something else where that fails.</summary>
    public static IReadOnlyList<T> Try<T>(Func<IEnumerable<T>> find, IReadOnlyList<T> otherwise)
    {
        try
        {
            return [.. find()];
        }
        catch (Exception e) when (e is BuildxException or IOException or ArgumentException or UnauthorizedAccessException or RuntimeException or InvalidOperationException or NotSupportedException)
        {
            return otherwise;
        }
    }

    // Names come from files, too, and the list is written to the terminal as it is.
    private static bool IsShowable(string value) => !value.Any(char.IsControl);

    private static string Quote(string value) => IsPlain(value) ? value : Quoted(value);

    private static string Quoted(string value) => "'" + CodeGeneration.EscapeSingleQuotedStringContent(value) + "'";

    private static bool IsPlain(string value)
        => value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or '\\' or ':') && value[0] != '-';
}
