using System.Globalization;
using System.Management.Automation;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Checks a Dockerfile by the rules of its frontend, without building it: <c>docker buildx build --check</c>.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BuildxDockerfile")]
[OutputType(typeof(DockerfileViolation))]
public sealed class TestBuildxDockerfileCommand : DockerfileCommand
{
    private const int MaxNamed = 10;

    /// <summary>What is an error: <c>Error</c> for what cannot be built, <c>Warning</c> for a broken rule, too. Violations are returned in any case.</summary>
    [Parameter]
    public ViolationLevel FailOn { get; set; } = ViolationLevel.Error;

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Path, () =>
    {
        List<DockerfileViolation> violations = [.. Ask(FrontendQuestion.Lint).Cast<DockerfileViolation>()];
        violations.ForEach(WriteObject);
        if (violations.Find(v => v.Level == ViolationLevel.Error) is { } error)
        {
            throw new BuildFailedException(
                BuildxFailure.DockerfileInvalid,
                $"The Dockerfile '{error.File}' cannot be built: {error.Detail}",
                "Correct the line that is shown.")
            { Sources = error.Source is null ? [] : [error.Source] };
        }

        if (FailOn == ViolationLevel.Warning && violations.Count > 0)
        {
            throw new BuildxException(
                BuildxFailure.DockerfileCheckFailed,
                Describe(violations),
                "Correct the lines, or exempt a rule in the Dockerfile's first lines (# check=skip=RULE).");
        }
    });

    private static string Describe(List<DockerfileViolation> violations)
    {
        var more = violations.Count > MaxNamed ? string.Create(CultureInfo.InvariantCulture, $"\n  and {violations.Count - MaxNamed} more") : "";
        var rules = violations.Count == 1 ? "a rule" : string.Create(CultureInfo.InvariantCulture, $"rules in {violations.Count} places");
        return $"The Dockerfile '{violations[0].File}' breaks {rules}:{string.Concat(violations.Take(MaxNamed).Select(v => "\n  " + v))}{more}";
    }
}
