using System.Management.Automation;
using System.Text.RegularExpressions;

namespace BuildxPS.Completion;

/// <summary>Completes texts of attributes, <c>type=image,push=true</c>: first the type, then names, then values.</summary>
internal static partial class AttributeCompletions
{
    /// <summary>What can follow.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="forms">Beginnings, by type, each with its explanation.</param>
    /// <param name="attributesOf">The attributes of a type, each with the words that its value can be.</param>
    /// <returns>Results.</returns>
    public static IEnumerable<CompletionResult> Select(
        TypedList typed, IEnumerable<(string Value, string ToolTip)> forms, Func<string, IEnumerable<KeyValuePair<string, IReadOnlyList<string>>>> attributesOf)
    {
        if (TypePattern().Matches(typed.Before) is not [.., var named])
        {
            return Completions.Select(typed.Last, forms);
        }

        var type = named.Groups["type"].Value.ToLowerInvariant();
        var given = NamePattern().Matches(typed.Before, named.Index).Select(m => m.Groups["name"].Value).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var items = typed.Last.IndexOf('=', StringComparison.Ordinal) is >= 0 and var equals
            ? Values(attributesOf(type), typed.Last[..equals], typed.Last[(equals + 1)..])
            : attributesOf(type).Where(a => !given.Contains(a.Key)).Select(a => (a.Key + "=", $"{a.Key} of the type {type}: {(a.Value.Count > 0 ? string.Join(", ", a.Value) : "a text")}"));
        return Completions.SelectItems(typed, items);
    }

    private static IEnumerable<(string Value, string ToolTip)> Values(IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> attributes, string name, string start)
        => name is "dest" or "src"
            ? CompletionCompleters.CompleteFilename(start).Select(f => ($"{name}={PathOf(f, start)}", f.ToolTip))
            : attributes.Where(a => a.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).SelectMany(a => a.Value).Select(v => ($"{name}={v}", v));

    /// <summary>PowerShell writes a path so that it could be run.</summary>
    private static string PathOf(CompletionResult file, string start)
    {
        var path = file.CompletionText.Trim('\'', '"', '&', ' ');
        return path is ['.', '/' or '\\', .. var plain] && !start.StartsWith('.') ? plain : path;
    }

    [GeneratedRegex(@"(?:^|[,'""])type=(?<type>[A-Za-z0-9-]+)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"(?<name>[A-Za-z][A-Za-z0-9._-]*)=[^,]*,", RegexOptions.ExplicitCapture)]
    private static partial Regex NamePattern();
}
