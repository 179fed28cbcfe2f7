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
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set; }

    /// <summary>The address of the docker engine whose machine is meant.</summary>
    [Parameter]
    [Alias("H")]
    [ValidateNotNullOrEmpty]
    public string? DockerHost { get; set; }

    /// <summary>Whether this machine's own kernel is meant.</summary>
    private protected bool IsLocal => Builder.Length == 0 && Context is null && DockerHost is null;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        ChooseProgress();

        // An emulator of this machine that is piped in has no builder; a script's variable that nobody set is another thing.
        ForAll(Builder, () => IsLocal && MyInvocation.BoundParameters.ContainsKey(nameof(Builder))
            ? throw new BuildxException(BuildxFailure.ArgumentInvalid, "-Builder is empty.", "Name a builder, or leave -Builder out.")
            : true);
    }

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
        else
        {
            write(answer.Result!);
        }
    }
}
