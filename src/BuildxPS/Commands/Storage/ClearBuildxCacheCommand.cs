using System.Globalization;
using System.Management.Automation;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Storage;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Removes build cache that nothing uses from engines: <c>docker buildx prune</c>.</summary>
[Cmdlet(VerbsCommon.Clear, "BuildxCache", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(CacheRecord))]
public sealed class ClearBuildxCacheCommand : CacheCommand
{
    /// <summary>Ids of records that came through the pipeline, by builder: they are removed together, since some build on others.</summary>
    private readonly List<(string Builder, List<string> Ids)> _piped = [];

    /// <summary>Also internal records, those of frontends, and shared ones.</summary>
    [Parameter]
    [Alias("a")]
    public SwitchParameter All { get; set; }

    /// <summary>Bytes of cache that stay in any case: a number, or text like <c>10GB</c>.</summary>
    [Parameter]
    [Alias("KeepStorage")]
    [ValidateNotNullOrEmpty]
    public object? ReservedSpace { get; set; }

    /// <summary>Removes until the cache uses less than these bytes. Needs BuildKit 0.17.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object? MaxUsedSpace { get; set; }

    /// <summary>Removes until so many bytes of the engine's disk are free. Needs BuildKit 0.17.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object? MinFreeSpace { get; set; }

    /// <summary>Does not ask.</summary>
    [Parameter]
    [Alias("f")]
    public SwitchParameter Force { get; set; }

    // Who said -Confirm wants to be asked all the same.
    private bool IsAsked => MyInvocation.BoundParameters.TryGetValue("Confirm", out var given)
        ? (SwitchParameter)given
        : !Force && !string.Equals(GetVariableValue("ConfirmPreference")?.ToString(), nameof(ConfirmImpact.None), StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var pruning = ForAll(Filter, Read);
        if (MyInvocation.ExpectingInput && Id.Length > 0)
        {
            foreach (var builder in Builder.Length == 0 ? [""] : Builder)
            {
                if (_piped.Count == 0 || _piped[^1].Builder != builder)
                {
                    _piped.Add((builder, []));
                }

                _piped[^1].Ids.AddRange(Id);
            }

            return;
        }

        ForSelections(Builder, builder => Clear(builder, pruning));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (var group in _piped.GroupBy(p => p.Builder))
        {
            string[] ids = [.. group.SelectMany(p => p.Ids).Distinct(StringComparer.Ordinal)];
            var pruning = ForAll(Filter, Read);
            ForSelections(group.Key.Length == 0 ? [] : [group.Key], builder => Clear(builder, pruning with { Selection = pruning.Selection with { Ids = ids } }));
        }
    }

    private CachePruning Read()
    {
        var filters = CacheFilters.ReadForPrune(CacheRecordArguments.ReadFilters(Filter), ClientEnvironment.Read());
        filters.Warnings.ToList().ForEach(WriteWarning);
        return new CachePruning
        {
            Selection = new CacheSelection { Conditions = filters.Conditions, Ids = Id },
            All = All,
            UnusedFor = Age(filters) ?? TimeSpan.Zero,
            ReservedSpace = CacheRecordArguments.ReadSize(ReservedSpace, nameof(ReservedSpace)),
            MaxUsedSpace = CacheRecordArguments.ReadSize(MaxUsedSpace, nameof(MaxUsedSpace)),
            MinFreeSpace = CacheRecordArguments.ReadSize(MinFreeSpace, nameof(MinFreeSpace)),
        };
    }

    private void Clear(BuilderSelection builder, CachePruning pruning)
    {
        var nodes = IsPreview || IsAsked ? Ask(builder, pruning) : null;
        if (nodes is { Count: 0 })
        {
            return;
        }

        var (count, freed) = (0, 0m);
        var left = new HashSet<string>(pruning.Selection.Ids, StringComparer.Ordinal);
        Consume(token => Cache().PruneAsync(builder, pruning, nodes, token), answer =>
        {
            if (answer.Record is { } record)
            {
                count++;
                freed += record.Size;
                left.Remove(record.Id);
            }

            Write(answer);
        });
        WriteVerbose(string.Create(CultureInfo.InvariantCulture, $"Removed {count} records of {ByteSize.Format((long)Math.Min(freed, long.MaxValue))} together."));
        if (left.Count > 0)
        {
            WriteWarning(string.Create(
                CultureInfo.InvariantCulture,
                $"{left.Count} of {pruning.Selection.Ids.Count} records were not removed: they are not there, are in use, other records build on them, or they need -All."));
        }
    }

    private BuildCache Cache() => new(ClientEnvironment.Read()) { FirstAnswer = FirstAnswer };

    /// <summary>Says what would go, and asks for each node.</summary>
    /// <returns>The nodes that the user agrees to; none for a preview.</returns>
    private List<string> Ask(BuilderSelection builder, CachePruning pruning)
    {
        var agreed = new List<string>();
        foreach (var forecast in Run(token => Cache().ForecastAsync(builder, pruning, token)))
        {
            if (forecast.Failure is { } failure)
            {
                WriteError(FailureRecord.Create(failure, forecast.Node));
                continue;
            }

            foreach (var record in IsPreview ? forecast.Records : [])
            {
                WriteVerbose($"Would go: {record.Id} ({record.Type}, {ByteSize.Format(record.Size)}{(record.IsShared ? ", shared" : "")}) {record.Description}");
            }

            if (!IsPreview && forecast.Records.Count == 0)
            {
                WriteVerbose($"There is nothing to remove on the node '{forecast.Node}'.");
            }
            else if (ShouldProcess($"node '{forecast.Node}' of builder '{forecast.Builder}'", forecast.Describe()))
            {
                agreed.Add(forecast.Node);
            }
        }

        return agreed;
    }
}
