using System.Text;

namespace BuildxPS;

/// <summary>One line of comma-separated fields with RFC 4180 quoting, the form of docker's structured flags.</summary>
internal static class CommaSeparated
{
    /// <summary>Splits a line into fields.</summary>
    /// <param name="line">The line.</param>
    /// <param name="fields">The fields without their quotes.</param>
    /// <returns>False where a quote stands inside an unquoted field or is never closed.</returns>
    public static bool TryRead(string line, out IReadOnlyList<string> fields)
    {
        var result = new List<string>();
        fields = result;
        var at = 0;
        while (true)
        {
            if (!TryReadField(line, ref at, out var field))
            {
                return false;
            }

            result.Add(field);
            if (at >= line.Length)
            {
                return true;
            }

            at++;
        }
    }

    /// <summary>Quotes a field where it must be.</summary>
    /// <param name="field">The field.</param>
    /// <returns>The field as it stands in a line.</returns>
    public static string Quote(string field)
        => field.AsSpan().IndexOfAny(',', '"', '\n') < 0 ? field : "\"" + field.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static bool TryReadField(string line, ref int at, out string field)
    {
        if (at >= line.Length || line[at] != '"')
        {
            var end = line.IndexOf(',', at);
            end = end < 0 ? line.Length : end;
            field = line[at..end];
            at = end;
            return !field.Contains('"', StringComparison.Ordinal);
        }

        var text = new StringBuilder();
        for (at++; at < line.Length; at++)
        {
            if (line[at] != '"')
            {
                text.Append(line[at]);
            }
            else if (at + 1 < line.Length && line[at + 1] == '"')
            {
                text.Append('"');
                at++;
            }
            else
            {
                at++;
                field = text.ToString();
                return at >= line.Length || line[at] == ',';
            }
        }

        field = "";
        return false;
    }
}
