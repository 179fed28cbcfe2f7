using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Builds.Questions;

namespace BuildxPS.Engine.Builds;

// The walk of a question, which turns off where a build would choose its exporters.
internal sealed partial class BuildExecution
{
    /// <summary>What the frontend is asked instead of being told to build; null for a build.</summary>
    public FrontendQuestion? Question { get; init; }

    private async Task AskAsync(BuildRequest request, BuildInputs inputs, ClientFiles files, ChosenNodes nodes, CancellationToken cancellationToken)
    {
        // The question is about a text: one node's frontend knows as much as another's.
        var build = Prepare(request, inputs, [], files, nodes, nodes.Nodes[0], LoadTargets.None);
        await WarnAsync(files.Content.Warnings, cancellationToken).ConfigureAwait(false);
        await WarnAsync(_mounts!.Warnings, cancellationToken).ConfigureAwait(false);
        await build.RunAsync(cancellationToken).ConfigureAwait(false);
        var answers = FrontendAnswers.Read(Question!.Value, FrontendQuestions.AnswerOf(build.Result!), inputs, request.BuildArguments);
        await events.WriteAsync(new FrontendAnswered { Answers = answers }, cancellationToken).ConfigureAwait(false);
    }
}
