using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Emulation;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that are about emulators, of this machine or of builders' engines.</summary>
public abstract class EmulationCommand : BuildxProgressCommand
{
    private protected EmulationCommand()
    {
    }

    /// <summary>Names of builders, wildcards allowed, or what <c>Get-BuildxBuilder</c> gives: the machines of their engines are meant.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Builder { get; set => field = value ?? []; } = [];

    /// <summary>The docker context whose engine's machine is meant.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The address of the docker engine whose machine is meant.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("H")]
    public string? DockerHost { get; set => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Only these nodes of the builder, or the node of what is piped in; without it all.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string[] Node { get; set => field = [.. (value ?? []).Where(n => !string.IsNullOrEmpty(n))]; } = [];

    /// <summary>Whether this machine's own kernel is meant.</summary>
    private protected bool IsLocal => Builder.Length == 0 && Context is null && DockerHost is null;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        ChooseProgress();

        // An emulator of this machine that is piped in has no builder; a script's variable that nobody set is another thing.
        Require(nameof(Builder), Builder.Length > 0, "Name a builder, or leave -Builder out.");
        Require(nameof(Context), Context is not null, "Name a docker context, or leave -Context out.");
        Require(nameof(DockerHost), DockerHost is not null, "Give an engine's address, or leave -DockerHost out.");
        Require(nameof(Node), Node.Length > 0, "Name a node, or leave -Node out.");
    }

    /// <summary>Refuses what only the machines of engines have a use for.</summary>
    /// <param name="image">The image that was named.</param>
    private protected void RequireNothingRemote(string? image)
    {
        var unused = image is not null ? "-Image" : Node.Length > 0 ? "-Node" : MyInvocation.BoundParameters.ContainsKey("TimeoutSec") ? "-TimeoutSec" : null;
        if (unused is not null)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"{unused} is for the machines of a builder's engines, and no builder was named.",
                $"Name it with -Builder, -Context or -DockerHost, or leave {unused} out.");
        }
    }

    private void Require(string parameter, bool isGiven, string advice)
        => ForAll(parameter, () => !isGiven && MyInvocation.BoundParameters.ContainsKey(parameter)
            ? throw new BuildxException(BuildxFailure.ArgumentInvalid, $"-{parameter} is empty.", advice)
            : true);

    /// <summary>Does the work for each builder that was named, or for the one that is meant without a name.</summary>
    private protected void ForSelections(Action<BuilderSelection> work) => ForSelections(Builder, Context, DockerHost, work);

    /// <summary>Shows what happens on builders' nodes and writes what comes of it.</summary>
    /// <param name="stream">What the nodes answer.</param>
    /// <param name="write">Takes a result.</param>
    private protected void Show<T>(Func<CancellationToken, IAsyncEnumerable<NodeAnswer<T>>> stream, Action<T> write)
        where T : class
    {
        var display = CreateDisplay();
        try
        {
            Consume(stream, answer => Take(answer, display, write));
        }
        catch (BuildxException)
        {
            display.Finish();
            throw;
        }

        display.Finish();
    }

    private void Take<T>(NodeAnswer<T> answer, BuildDisplay display, Action<T> write)
        where T : class
    {
        if (answer.Event is { } e)
        {
            display.Show(e);
        }
        else if (answer.Failure is { } failure)
        {
            WriteError(FailureRecord.Create(failure, answer.Node));
        }
        else if (answer.Warning is { } warning)
        {
            WriteWarning(warning);
        }
        else
        {
            write(answer.Result!);
        }
    }
}
