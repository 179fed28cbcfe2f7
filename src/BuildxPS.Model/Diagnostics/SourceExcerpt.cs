using System.Globalization;
using System.Text;

namespace BuildxPS;

/// <summary>A place in a Dockerfile (or another source file), with the text around it.</summary>
public sealed record SourceExcerpt
{
    /// <summary>The file's name as the frontend knows it, for example <c>Dockerfile</c>.</summary>
    public required string FileName { get; init; }

    /// <summary>First line of the place; lines count from 1.</summary>
    public required int FirstLine { get; init; }

    /// <summary>Last line of the place, included.</summary>
    public required int LastLine { get; init; }

    /// <summary>The file's whole text, if the engine sent it; else empty.</summary>
    public string Text { get; init; } = "";

    /// <summary>The place with two lines around it, the lines that matter marked with <c>&gt;&gt;&gt;</c>.</summary>
    /// <returns>Several lines, as docker buildx prints them; without the text only <c>FILE:LINE</c>.</returns>
    public string Render()
    {
        var result = new StringBuilder();
        result.Append(CultureInfo.InvariantCulture, $"{FileName}:{FirstLine}");
        if (Text.Length == 0)
        {
            return result.ToString();
        }

        var lines = Text.ReplaceLineEndings("\n").Split('\n');
        var margin = FirstLine == LastLine ? 2 : 1;
        var from = Math.Max(1, FirstLine - margin);
        var to = Math.Min(lines[^1].Length == 0 ? lines.Length - 1 : lines.Length, LastLine + margin);
        result.Append('\n').Append('-', 20);
        for (var line = from; line <= to; line++)
        {
            var mark = line >= FirstLine && line <= LastLine ? ">>>" : "   ";
            result.Append(CultureInfo.InvariantCulture, $"\n {line,3} | {mark} {lines[line - 1]}");
        }

        return result.Append('\n').Append('-', 20).ToString();
    }

    /// <inheritdoc/>
    public override string ToString()
        => FirstLine == LastLine ? $"{FileName}:{FirstLine}" : $"{FileName}:{FirstLine}-{LastLine}";
}
