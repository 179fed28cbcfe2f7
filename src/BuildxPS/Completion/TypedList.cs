using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>
/// What was typed of a list with commas between its items, such as <c>type=image,push=true</c>. Without quotes PowerShell takes it
/// apart and shows a completer only the last item; the rest is read from the line.
/// </summary>
/// <param name="Before">What stands before the last item, with its comma; empty where it is the first.</param>
/// <param name="Last">The last item, as far as it was typed.</param>
/// <param name="IsOneWord">Whether the list is one word, in quotes as a rule, which a completion replaces as a whole.</param>
internal sealed record TypedList(string Before, string Last, bool IsOneWord)
{
    /// <summary>Reads it.</summary>
    /// <param name="word">The word at the cursor, with a quote if one was typed.</param>
    /// <param name="command">The command.</param>
    /// <param name="parameter">The parameter's name.</param>
    /// <returns>The list.</returns>
    public static TypedList Read(string? word, CommandAst command, string parameter)
    {
        var text = (word ?? "").Trim('\'', '"');
        if (text.Contains(',', StringComparison.Ordinal) || text.Length != (word ?? "").Length)
        {
            var comma = text.LastIndexOf(',');
            return new TypedList(text[..(comma + 1)], text[(comma + 1)..], IsOneWord: true);
        }

        var line = ArgumentOf(command, parameter);
        return line.EndsWith("," + text, StringComparison.Ordinal)
            ? new TypedList(line[..(line.Length - text.Length)], text, IsOneWord: false)
            : new TypedList("", text, IsOneWord: false);
    }

    /// <summary>What was typed behind the parameter, up to the next blank.</summary>
    private static string ArgumentOf(CommandAst command, string parameter)
    {
        var named = command.CommandElements.OfType<CommandParameterAst>().LastOrDefault(p => parameter.StartsWith(p.ParameterName, StringComparison.OrdinalIgnoreCase));
        if (named is null)
        {
            return "";
        }

        var rest = (named.Extent.StartScriptPosition.GetFullScript() ?? "")[named.Extent.EndOffset..].TrimStart();
        var end = rest.IndexOfAny([' ', '\t', '\r', '\n']);
        return end < 0 ? rest : rest[..end];
    }
}
