using System.Management.Automation;
using BuildxPS.Engine.Diagnostics.Catalogue;
using BuildxPS.Engine.Progress;

namespace BuildxPS.Pipeline;

/// <summary>The one place where a failure of the engine becomes an error of PowerShell.</summary>
internal static class FailureRecord
{
    /// <summary>Chooses the view of Formatting/BuildxPS.Format.ps1xml, which keeps the lines of a report apart.</summary>
    private const string ViewName = "BuildxPS.BuildError";

    /// <summary>Makes the record. A failed build's says all: the step's last output and the lines of the Dockerfile.</summary>
    /// <param name="exception">The failure; its reason is the error's id.</param>
    /// <param name="target">What the user passed.</param>
    /// <returns>The record.</returns>
    public static ErrorRecord Create(BuildxException exception, object? target)
    {
        var record = new ErrorRecord(exception, exception.Failure.ToString(), CategoryOf(exception.Failure), target)
        {
            ErrorDetails = new ErrorDetails(FailureReport.Write(exception)) { RecommendedAction = exception.Advice },
        };
        if (exception is BuildFailedException)
        {
            PSObject.AsPSObject(record).TypeNames.Insert(0, ViewName);
        }

        return record;
    }

    private static ErrorCategory CategoryOf(BuildxFailure failure) => Enum.Parse<ErrorCategory>(FailureCatalogue.Of(failure).Category.ToString());
}
