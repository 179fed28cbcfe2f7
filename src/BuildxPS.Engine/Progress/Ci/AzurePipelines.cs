using System.Globalization;

namespace BuildxPS.Engine.Progress.Ci;

/// <summary>
/// The logging commands of Azure DevOps: <c>##vso[area.action property=value;]data</c>, and <c>##[group]</c>, which only formats.
/// </summary>
internal sealed class AzurePipelines(string? workspace) : CiSystem(workspace)
{
    private protected override string EndGroup => "##[endgroup]";

    internal override string Report(CiIssue issue)
    {
        var properties = $"type={(issue.IsError ? "error" : "warning")};";
        if (issue.File is { } file)
        {
            properties += string.Create(CultureInfo.InvariantCulture, $"sourcepath={Property(file)};linenumber={issue.Line};");
        }

        if (issue.Code is { } code)
        {
            properties += $"code={Property(code)};";
        }

        return $"##vso[task.logissue {properties}]{Data(issue.Message)}";
    }

    /// <summary>
    /// Each result is set twice: a plain variable is <c>$(BuildxDigest)</c> for later steps of the job, and only an output variable
    /// can be read by other jobs.
    /// </summary>
    internal override IReadOnlyList<string> Publish(IEnumerable<KeyValuePair<string, string>> results, string suffix)
        => [.. results.SelectMany(r => Set($"Buildx{r.Key}{(suffix.Length == 0 ? "" : "_" + suffix)}", r.Value))];

    private static string[] Set(string name, string value) =>
    [
        $"##vso[task.setvariable variable={Property(name)};]{Data(value)}",
        $"##vso[task.setvariable variable={Property(name)};isOutput=true;]{Data(value)}",
    ];

    private protected override string BeginGroup(string title) => "##[group]" + title;

    private static string Data(string text)
        => text.Replace("%", "%AZP25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text)
        => Data(text).Replace("]", "%5D", StringComparison.Ordinal).Replace(";", "%3B", StringComparison.Ordinal);
}
