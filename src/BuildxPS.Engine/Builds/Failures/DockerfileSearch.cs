using System.Text;
using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Finds a step's instruction in its Dockerfile, for engines that do not say where it is (BuildKit before 0.9).</summary>
internal static partial class DockerfileSearch
{
    private const int MaxLength = 1024 * 1024;

    /// <summary>Reads a Dockerfile for showing lines of it.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>Its text; null where it cannot be read or is too long to be one.</returns>
    public static string? TryRead(string path)
    {
        try
        {
            return new FileInfo(path).Length > MaxLength ? null : File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Finds the one instruction that a step is named after.</summary>
    /// <param name="fileName">The Dockerfile's name, for the result.</param>
    /// <param name="text">Its text.</param>
    /// <param name="stepName">For example <c>[build 2/3] RUN make</c>.</param>
    /// <returns>The place; null where none or more than one fits.</returns>
    public static SourceExcerpt? Find(string fileName, string text, string stepName)
    {
        var wanted = StepPrefix().Match(stepName) is { Success: true } prefix ? Squeeze(stepName[prefix.Length..]) : "";
        if (wanted.Length == 0)
        {
            return null;
        }

        SourceExcerpt? found = null;
        foreach (var (first, last, instruction) in Instructions(text))
        {
            if (!string.Equals(Squeeze(instruction), wanted, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (found is not null)
            {
                return null;
            }

            found = new SourceExcerpt { FileName = fileName, FirstLine = first, LastLine = last, Text = text };
        }

        return found;
    }

    private static IEnumerable<(int First, int Last, string Text)> Instructions(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var first = i;
            var instruction = new StringBuilder();
            while (lines[i].TrimEnd() is [.. var start, '\\'] && i + 1 < lines.Length)
            {
                instruction.Append(start).Append(' ');
                i++;
                while (i + 1 < lines.Length && lines[i].TrimStart().StartsWith('#'))
                {
                    i++;
                }
            }

            yield return (first + 1, i + 1, instruction.Append(lines[i]).ToString());
        }
    }

    private static string Squeeze(string text) => Blanks().Replace(text, " ").Trim();

    [GeneratedRegex(@"^\[[^\]]*\d+/\d+\] ")]
    private static partial Regex StepPrefix();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
