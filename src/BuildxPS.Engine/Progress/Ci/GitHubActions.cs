using System.Globalization;

namespace BuildxPS.Engine.Progress.Ci;

/// <summary>The workflow commands of GitHub Actions: <c>::command property=value,…::data</c>, and the file of a step's outputs.</summary>
internal sealed class GitHubActions(string? workspace, string? outputFile) : CiSystem(workspace)
{
    private protected override string EndGroup => "::endgroup::";

    internal override string Report(CiIssue issue)
    {
        var properties = new List<string>();
        if (issue.File is { } file)
        {
            properties.Add("file=" + Property(file));
            properties.Add(string.Create(CultureInfo.InvariantCulture, $"line={issue.Line}"));
            properties.Add(string.Create(CultureInfo.InvariantCulture, $"endLine={issue.EndLine}"));
        }

        if (issue.Code is { } code)
        {
            properties.Add("title=" + Property(code));
        }

        var command = issue.IsError ? "error" : "warning";
        return $"::{command}{(properties.Count == 0 ? "" : " " + string.Join(',', properties))}::{Data(issue.Message)}";
    }

    /// <summary>Appends to the file that <c>GITHUB_OUTPUT</c> names; a log line cannot set outputs any more.</summary>
    internal override IReadOnlyList<string> Publish(IEnumerable<KeyValuePair<string, string>> results, string suffix)
    {
        if (outputFile is null)
        {
            return [];
        }

        try
        {
            // Values are one line each, so none can begin an output of its own; and what stands there may lack the end of its line.
            var begin = EndsInLine(outputFile) ? [] : new[] { "" };
            File.AppendAllLines(outputFile, begin.Concat(results.Select(r => $"{r.Key.ToLowerInvariant()}{(suffix.Length == 0 ? "" : "_" + suffix)}={DisplayText.Line(r.Value, 4096)}")));
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return [Report(new CiIssue { Message = $"The build's results are not among the step's outputs: the file of GITHUB_OUTPUT cannot be written: {e.Message}" })];
        }
    }

    private protected override string BeginGroup(string title) => "::group::" + Data(title);

    private static bool EndsInLine(string path)
    {
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        if (file.Length == 0)
        {
            return true;
        }

        file.Seek(-1, SeekOrigin.End);
        return file.ReadByte() == '\n';
    }

    private static string Data(string text)
        => text.Replace("%", "%25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text)
        => Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);
}
