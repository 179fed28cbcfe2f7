using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Storage;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that look at build caches.</summary>
public abstract class CacheCommand : BuildxCommand
{
    private protected CacheCommand()
    {
    }

    /// <summary>Names of builders, wildcards allowed, or what <c>Get-BuildxBuilder</c> gives; without it the current builder.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Builder { get; set; } = [];

    /// <summary>The docker context whose engine is meant.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set; }

    /// <summary>The address of the docker engine that is meant.</summary>
    [Parameter]
    [Alias("H")]
    [ValidateNotNullOrEmpty]
    public string? DockerHost { get; set; }

    /// <summary>
    /// Which records: texts as buildx takes them (<c>'type=exec.cachemount'</c>, <c>'id~=^x'</c>, <c>'description!=x'</c>), a bare <c>shared</c>,
    /// or hashtables. All must be true of a record.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(CacheFilterCompleter))]
    public object[] Filter { get; set; } = [];

    /// <summary>Only records that were not used within this time: a TimeSpan, or text like <c>24h</c>.</summary>
    [Parameter]
    [Alias("Until")]
    [ValidateNotNullOrEmpty]
    public object? UnusedFor { get; set; }

    /// <summary>Ids of records, as <c>Get-BuildxDiskUsage</c> gives them; without it all.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Id { get; set; } = [];

    /// <summary>Seconds to wait until an engine answers at all; 0 waits without a limit. Once it answers it may take its time.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int TimeoutSec { get; set; } = 20;

    private protected TimeSpan FirstAnswer => TimeSpan.FromSeconds(TimeoutSec);

    /// <summary>Does the work for each builder that was named, or for the one that is meant without a name.</summary>
    private protected void ForSelections(string[] names, Action<BuilderSelection> work)
        => ForSelections(names, Context, DockerHost, work);

    /// <summary>The age that was asked for, in either place.</summary>
    private protected TimeSpan? Age(CacheFilters filters)
    {
        var age = CacheRecordArguments.ReadAge(UnusedFor, nameof(UnusedFor));
        return age is null || filters.UnusedFor is null || age == filters.UnusedFor
            ? age ?? filters.UnusedFor
            : throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"-UnusedFor and the filter 'until' contradict each other: {age} and {filters.UnusedFor}.",
                "Give one of them. The filter may come from pruneFilters of docker's configuration.");
    }

    /// <summary>Writes what a node answered.</summary>
    private protected void Write(CacheAnswer answer)
    {
        if (answer.Failure is { } failure)
        {
            WriteError(FailureRecord.Create(failure, answer.Node));
        }
        else
        {
            WriteObject(answer.Record);
        }
    }
}
