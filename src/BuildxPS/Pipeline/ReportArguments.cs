using System.Management.Automation;
using BuildxPS.Engine.Reports;

namespace BuildxPS.Pipeline;

/// <summary>Reads builds for a report: what they gave, or the errors that they ended with.</summary>
internal static class ReportArguments
{
    /// <summary>Reads one.</summary>
    /// <param name="input">A result, an error record or an exception.</param>
    /// <returns>The build, and what tells it from the same one met again; nulls for what other streams carry.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static (ReportedBuild? Build, object? Identity) Read(object? input) => PairArguments.Unwrap(input) switch
    {
        BuildResult result => (ReportedBuild.Of(result), result),
        BuildxException failure => (ReportedBuild.Of(failure, null), failure),
        ErrorRecord record => Read(record),
        IContainsErrorRecord { ErrorRecord: { } record } => Read(record),
        // *>&1 brings them along.
        InformationalRecord or InformationRecord => (null, null),
        var other => throw Refuse(input, other),
    };

    private static (ReportedBuild Build, object Identity) Read(ErrorRecord record)
    {
        if (FindCause(record.Exception) is { } failure)
        {
            return (ReportedBuild.Of(failure, $"{PairArguments.Unwrap(record.TargetObject)}"), failure);
        }

        var reported = new ReportedFailure
        {
            ErrorId = record.FullyQualifiedErrorId.Split(',')[0],
            Message = record.ToString(),
            Advice = record.ErrorDetails?.RecommendedAction ?? "",
        };
        return (ReportedBuild.Of(reported, $"{PairArguments.Unwrap(record.TargetObject)}"), record.Exception);
    }

    // -ErrorAction Stop, and a command inside a script, wrap it.
    private static BuildxException? FindCause(Exception? exception) => exception switch
    {
        BuildxException failure => failure,
        ActionPreferenceStopException stop => FindCause(stop.ErrorRecord.Exception),
        CmdletInvocationException invocation => FindCause(invocation.InnerException),
        _ => null,
    };

    private static BuildxException Refuse(object? input, object? value)
        => input is not null && PSObject.AsPSObject(input).TypeNames is [var name, ..] && name.StartsWith("Deserialized.BuildxPS.", StringComparison.Ordinal)
            ? new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"A '{name}' came from Import-Clixml, a job or another session, and no longer has the steps of its build as objects.",
                "Write the report where the build runs, and keep the page.")
            : new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"A value of type {value?.GetType().Name ?? "null"} is no build: a report takes BuildResult objects, and the errors of builds.",
                "Pipe Invoke-BuildxBuild into Export-BuildxReport, with 2>&1 for the errors of builds that fail, or an -ErrorVariable of it.");
}
