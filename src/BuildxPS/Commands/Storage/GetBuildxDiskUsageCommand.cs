using System.Management.Automation;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Storage;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Lists what takes room in the build cache of engines: <c>docker buildx du</c>.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxDiskUsage")]
[OutputType(typeof(CacheRecord))]
public sealed class GetBuildxDiskUsageCommand : CacheCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var filters = ForAll(Filter, () => CacheFilters.Read(CacheRecordArguments.ReadFilters(Filter)));
        var age = ForAll(UnusedFor, () => Age(filters));
        var selection = new CacheSelection { Conditions = filters.Conditions, Ids = Id };
        ForSelections(Builder, builder => List(builder, selection, age));
    }

    private void List(BuilderSelection builder, CacheSelection selection, TimeSpan? age)
    {
        var (total, reclaimable) = (0m, 0m);
        Consume(token => new BuildCache(ClientEnvironment.Read()) { FirstAnswer = FirstAnswer }.ListAsync(builder, selection, age, token), answer =>
        {
            total += answer.Record?.Size ?? 0;
            reclaimable += answer.Record is { IsReclaimable: true, Size: var size } ? size : 0;
            Write(answer);
        });
        WriteVerbose($"Together {ByteSize.Format((long)Math.Min(total, long.MaxValue))}, of which {ByteSize.Format((long)Math.Min(reclaimable, long.MaxValue))} can be freed.");
    }
}
