using System.Management.Automation;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Tells what a Dockerfile takes, or which stages it has: <c>docker buildx build --call=outline</c> and <c>--call=targets</c>.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxDockerfileInfo")]
[OutputType(typeof(DockerfileOutline), typeof(DockerfileTarget))]
public sealed class GetBuildxDockerfileInfoCommand : DockerfileCommand
{
    /// <summary>What to tell.</summary>
    [Parameter]
    public DockerfileInfoKind Kind { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Path, () =>
        WriteObject(Ask(Kind == DockerfileInfoKind.Targets ? FrontendQuestion.Targets : FrontendQuestion.Outline), enumerateCollection: true));
}
