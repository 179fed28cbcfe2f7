using System.Management.Automation;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Progress.Ci;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that ask a Dockerfile's frontend something instead of building.</summary>
public abstract class DockerfileCommand : BuildInputCommand
{
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);
    private BuildRequest? _requestOfAll;

    private protected DockerfileCommand()
    {
    }

    /// <summary>The build context: a folder.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName")]
    [PathArgument]
    public string Path { get; set; } = ".";

    /// <summary>The Dockerfile, relative to the current location; without it <c>Dockerfile</c> in the context.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("f", "Dockerfile")]
    [PathArgument(TakesNull = true)]
    public string? File { get; set; }

    /// <summary>The answer is what counts.</summary>
    private protected override bool KeepsSteps => false;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _requestOfAll = ReadInputs((nameof(File), File)) with
        {
            DockerfilePath = File is null ? null : ForAll(File, () => ResolvePath(File, BuildxFailure.DockerfileNotFound, "The Dockerfile")),
        };
        // A question is short: lines of its progress are for who asks for them.
        if (!MyInvocation.BoundParameters.ContainsKey(nameof(Progress)) && !ProgressChoice.IsTerminal(Host))
        {
            Progress = ProgressMode.None;
        }

        ChooseProgress();
    }

    /// <summary>Asks about one input.</summary>
    /// <param name="question">The question.</param>
    /// <returns>The answers, and the Dockerfile that they are about.</returns>
    private protected IReadOnlyList<object> Ask(FrontendQuestion question)
    {
        var request = WithOwn(_requestOfAll!) with
        {
            ContextPath = ResolvePath(Path, BuildxFailure.BuildContextNotFound, "The build context"),
            DockerfilePath = IsOwn(nameof(File))
                ? OwnArguments.Filled(File) is { } own ? ResolvePath(own, BuildxFailure.DockerfileNotFound, "The Dockerfile") : null
                : _requestOfAll!.DockerfilePath,
            Builder = Selection,
        };
        _warned.Clear();
        WriteVerbose($"Asking about '{request.DockerfilePath ?? request.ContextPath}'.");
        IReadOnlyList<object> answers = [];
        var display = CreateDisplay(dockerfile: CiLogOptions.DockerfileOf(request));
        try
        {
            Consume(token => new BuildRunner(ClientEnvironment.Read()).AskAsync(request, question, token), e =>
            {
                display.Show(e);
                if (e is VertexWarning { Warning: var warning } && _warned.Add(WarningText.Of(warning)))
                {
                    WriteWarning(WarningText.Of(warning));
                }
                else if (e is FrontendAnswered answered)
                {
                    answers = answered.Answers;
                }
            });
        }
        catch (BuildxException e)
        {
            display.Finish(e);
            throw;
        }

        display.Finish();
        return answers;
    }
}
