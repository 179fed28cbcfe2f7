using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that ask a Dockerfile's frontend something instead of building.</summary>
public abstract class DockerfileCommand : BuildxProgressCommand
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
    [Parameter]
    [Alias("f", "Dockerfile")]
    [PathArgument]
    public string? File { get; set; }

    /// <summary>The stage that is meant.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TargetCompleter))]
    public string? Target { get; set; }

    /// <summary>Build arguments: hashtables, <c>'KEY=value'</c>, or <c>'KEY'</c> for a variable of the environment.</summary>
    [Parameter]
    public object[]? BuildArg { get; set; }

    /// <summary>Platforms that it would be built for.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[]? Platform { get; set; }

    /// <summary>More build contexts, as <c>Invoke-BuildxBuild</c> takes them.</summary>
    [Parameter]
    public object[]? BuildContext { get; set; }

    /// <summary>Secrets, as <c>Invoke-BuildxBuild</c> takes them: a frontend image may need one.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(SecretCompleter))]
    public object[]? Secret { get; set; }

    /// <summary>SSH agents, as <c>Invoke-BuildxBuild</c> takes them.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(SshCompleter))]
    public object[]? Ssh { get; set; }

    /// <summary>Looks for newer frontend and base images even where the engine has one.</summary>
    [Parameter]
    public SwitchParameter Pull { get; set; }

    /// <summary>The builder to ask, by name or as <c>Get-BuildxBuilder</c> gives it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string? Builder { get; set; }

    /// <summary>The docker context whose engine is asked.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set; }

    /// <summary>The address of the docker engine that is asked.</summary>
    [Parameter]
    [Alias("H")]
    [ValidateNotNullOrEmpty]
    public string? DockerHost { get; set; }

    /// <summary>Asks although a policy file lies beside the Dockerfile, without evaluating it.</summary>
    [Parameter]
    public SwitchParameter IgnorePolicy { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _requestOfAll = new BuildRequest
        {
            ContextPath = "",
            DockerfilePath = File is null ? null : ForAll(File, () => ResolvePath(File, BuildxFailure.DockerfileNotFound, "The Dockerfile")),
            Platforms = ForAll(Platform, () => PlatformArguments.Read(Platform ?? [])),
            Target = Target,
            BuildArguments = ForAll(BuildArg, () => PairArguments.Read(BuildArg ?? [], "build argument", Environment.GetEnvironmentVariable)),
            // The error's target would show what a hashtable has.
            Secrets = ForAll(null, () => SecretArguments.Read(Secret ?? [], v => Environment.GetEnvironmentVariable(v) is not null).Select(Resolve).ToList()),
            Ssh = ForAll(Ssh, () => SshArguments.Read(Ssh ?? []).Select(s => SshArguments.Resolve(s, p => ResolvePath(p, BuildxFailure.SshInvalid, "The socket or key"))).ToList()),
            NamedContexts = ForAll(BuildContext, () => ContextArguments.Read(BuildContext ?? []).Select(Resolve).ToList()),
            Pull = Pull,
            IgnorePolicy = IgnorePolicy,
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
        var request = _requestOfAll! with
        {
            ContextPath = ResolvePath(Path, BuildxFailure.BuildContextNotFound, "The build context"),
            Builder = new BuilderSelection { Name = Builder, Context = Context, DockerHost = DockerHost },
        };
        _warned.Clear();
        WriteVerbose($"Asking about '{request.DockerfilePath ?? request.ContextPath}'.");
        IReadOnlyList<object> answers = [];
        var display = CreateDisplay();
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
        catch (BuildxException)
        {
            display.Finish();
            throw;
        }

        display.Finish();
        return answers;
    }

    private SecretSpec Resolve(SecretSpec secret)
        => secret.Source is { } file ? secret with { Source = ResolvePath(file, BuildxFailure.SecretInvalid, "The secret's file") } : secret;

    private BuildContextSpec Resolve(BuildContextSpec context)
        => context.Kind is BuildContextKind.Folder or BuildContextKind.Layout
            ? context with { Location = ResolvePath(context.Location, BuildxFailure.BuildContextNotFound, $"The build context '{context.Name}'") }
            : context;
}
