using System.Text.RegularExpressions;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Progress.Ci;

/// <summary>
/// A build in a CI system's log: the lines of the plain display, one group a step, warnings and the failure as the system's
/// own, and results for the steps that come after.
/// </summary>
public sealed partial class CiLog
{
    private const int MaxMessage = 4000;

    private readonly CiSystem _system;
    private readonly CiLogOptions _options;
    private readonly PlainProgress _lines;
    private readonly string? _label;
    private readonly HashSet<CiIssue> _reported = [];
    private BuildResult? _result;

    /// <summary>Creates a log.</summary>
    /// <param name="system">Whose log it is.</param>
    /// <param name="options">What is logged, and of which build.</param>
    /// <param name="clock">Tells when to print; null means the system's.</param>
    public CiLog(CiSystem system, CiLogOptions options, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_system, _options, _label) = (system, options, options.Label is { } label ? DisplayText.Line(label) : null);
        // Builds side by side talk in turns, and groups cannot be within each other.
        _lines = new PlainProgress(clock, _label is null ? system : null);
    }

    /// <summary>Takes an event.</summary>
    /// <param name="e">The event.</param>
    /// <returns>Lines to print now.</returns>
    public IReadOnlyList<string> Handle(BuildEvent e)
    {
        switch (e)
        {
            case VertexWarning { Warning: var warning }:
                return _options.ReportsWarnings ? Report(IssueOf(warning)) : [];
            case BuildCompleted completed:
                _result = completed.Result;
                return [];
            default:
                return Labelled(_lines.Handle(e));
        }
    }

    /// <summary>The build has ended: prints what waits, and how it ended.</summary>
    /// <param name="failure">Why it failed; null where it did not.</param>
    /// <returns>Lines to print.</returns>
    public IReadOnlyList<string> Finish(Exception? failure = null)
    {
        var lines = new List<string>(Labelled(_lines.Finish(withFailures: false)));
        if ((failure is BuildFailedException failed ? BuildSummary.Of(failed) : _result is null ? null : BuildSummary.Of(_result)) is { } summary)
        {
            lines.AddRange(Labelled([summary.ToString()]));
        }

        if (failure is BuildxException known && _options.ReportsErrors)
        {
            lines.AddRange(Report(IssueOf(known)));
        }

        if (_result is { } result)
        {
            lines.AddRange(_system.Publish(ResultsOf(result), _system.Claim(Suffix())));
        }

        return lines;
    }

    /// <summary>
    /// What later steps get. Both systems put a variable into a script as text, so an engine that calls something a digest must not
    /// get a word into it.
    /// </summary>
    private static IEnumerable<KeyValuePair<string, string>> ResultsOf(BuildResult result)
        => new (string Name, string? Value)[]
        {
            ("Digest", IsDigest(result.Digest) ? result.Digest : null),
            ("ImageId", IsDigest(result.ImageId) ? result.ImageId : null),
            ("Image", result.Images.Count > 0 && ImageReference.TryParse(result.Images[0], out _, out _) ? result.Images[0] : null),
            ("BuildRef", PlainPattern().IsMatch(result.BuildRef) ? result.BuildRef : null),
        }.Where(r => !string.IsNullOrEmpty(r.Value)).Select(r => KeyValuePair.Create(r.Name, r.Value!));

    private static bool IsDigest(string? text) => ContentDigest.TryParse(text, out _);

    [GeneratedRegex(@"\A[A-Za-z0-9._/-]+\z")]
    private static partial Regex PlainPattern();

    private static string? CodeOf(string message) => RulePattern().Match(message) is { Success: true } match ? match.Groups["rule"].Value : null;

    [GeneratedRegex("^(?<rule>[A-Z][A-Za-z]+): ")]
    private static partial Regex RulePattern();

    private IReadOnlyList<string> Labelled(IReadOnlyList<string> lines)
        => _label is { } label ? [.. lines.Select(l => l.Length == 0 ? l : $"{label} {l}")] : lines;

    private string Suffix() => _label is { } label ? UnfitPattern().Replace(label, "_") : "";

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex UnfitPattern();

    private IReadOnlyList<string> Report(CiIssue issue) => _reported.Add(issue) ? [_system.Report(issue)] : [];

    private CiIssue IssueOf(BuildWarning warning) => Located(warning.Source, new CiIssue { Message = TextOf(warning.Message), Code = CodeOf(warning.Message) });

    private CiIssue IssueOf(BuildxException failure) => Located(failure is BuildFailedException { Sources: [var source, ..] } ? source : null, new CiIssue
    {
        IsError = true,
        Message = TextOf($"{failure.Message}\n{failure.Advice}"),
        Code = failure.Failure.ToString(),
    });

    private string TextOf(string message) => (_label is { } label ? label + ": " : "") + DisplayText.Lines(message, MaxMessage);

    private CiIssue Located(SourceExcerpt? source, CiIssue issue) => source is null ? issue : issue with
    {
        File = DisplayText.Line(PathOf(source.FileName)),
        Line = source.FirstLine,
        EndLine = source.LastLine,
    };

    /// <summary>The Dockerfile's path in the workspace, where the frontend knows only its name.</summary>
    private string PathOf(string name)
    {
        if (_options.DockerfilePath is not { } path || !Path.GetFileName(path).Equals(Path.GetFileName(name), StringComparison.OrdinalIgnoreCase))
        {
            return name;
        }

        var relative = _system.Workspace is { } workspace ? Path.GetRelativePath(workspace, path) : path;
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative.Replace('\\', '/');
    }
}
