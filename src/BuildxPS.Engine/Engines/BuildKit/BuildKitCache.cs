using System.Buffers;
using System.Runtime.CompilerServices;
using BuildxPS.Engine.Diagnostics;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>A BuildKit's cache: what is in it, and removing some of it.</summary>
internal sealed class BuildKitCache(EngineChannel channel, EngineErrorContext context, EngineSilence silence)
{
    private const ulong RecordTag = (1 << 3) | 2;
    private const int MaxId = 256;
    private const int MaxType = 64;
    private const int MaxDescription = 4 * 1024;

    // A century in nanoseconds fits, and nothing that is older is meant.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(36500);

    /// <summary>Lists records.</summary>
    /// <param name="selection">Which ones.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records.</returns>
    public async IAsyncEnumerable<CacheRecord> ListAsync(CacheSelection selection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rest = await AskAsync(new Protocol.DiskUsageRequest { Filter = { Filters(selection) } }, cancellationToken).ConfigureAwait(false);
        while (!rest.IsEmpty)
        {
            CacheRecord? record;
            try
            {
                record = TakeRecord(ref rest);
            }
            catch (Exception e) when (e is InvalidDataException or Google.Protobuf.InvalidProtocolBufferException)
            {
                throw Explain(new InvalidDataException(e.Message, e), cancellationToken);
            }

            if (record is not null)
            {
                yield return record;
            }
        }
    }

    /// <summary>Removes records.</summary>
    /// <param name="pruning">Which ones.</param>
    /// <param name="cancellationToken">Stops the engine.</param>
    /// <returns>The removed records.</returns>
    public async IAsyncEnumerable<CacheRecord> PruneAsync(CachePruning pruning, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new Protocol.PruneRequest
        {
            Filter = { Filters(pruning.Selection) },
            All = pruning.All,
            KeepDuration = (pruning.UnusedFor < s_longest ? pruning.UnusedFor : s_longest).Ticks * TimeSpan.NanosecondsPerTick,
            ReservedSpace = pruning.ReservedSpace,
            MaxUsedSpace = pruning.MaxUsedSpace,
            MinFreeSpace = pruning.MinFreeSpace,
        };
        var watch = new EngineWatch(channel, context, silence, cancellationToken);
        await using (watch.ConfigureAwait(false))
        {
            // Disposing the call ends it on the engine, also where the consumer has had enough.
            using var call = channel.Invoker.AsyncServerStreamingCall(ControlMethods.Prune, null, new CallOptions(cancellationToken: cancellationToken), request);
            while (await NextAsync(call.ResponseStream, watch, cancellationToken).ConfigureAwait(false))
            {
                if (Translate(call.ResponseStream.Current) is { } record)
                {
                    yield return record;
                }
            }
        }
    }

    private async Task<bool> NextAsync(IAsyncStreamReader<Protocol.UsageRecord> records, EngineWatch watch, CancellationToken cancellationToken)
    {
        try
        {
            return await watch.WaitAsync(records.MoveNext(cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or IOException)
        {
            throw Explain(e, cancellationToken);
        }
    }

    private async Task<ReadOnlySequence<byte>> AskAsync(Protocol.DiskUsageRequest request, CancellationToken cancellationToken)
    {
        var watch = new EngineWatch(channel, context, silence, cancellationToken);
        await using (watch.ConfigureAwait(false))
        {
            try
            {
                using var call = channel.Invoker.AsyncUnaryCall(ControlMethods.DiskUsage, null, new CallOptions(cancellationToken: cancellationToken), request);
                return new ReadOnlySequence<byte>(await watch.WaitAsync(call.ResponseAsync).ConfigureAwait(false));
            }
            catch (Exception e) when (e is RpcException or IOException)
            {
                throw Explain(e, cancellationToken);
            }
        }
    }

    private static IEnumerable<string> Filters(CacheSelection selection)
    {
        // Entries are alternatives, and what commas join in one must all be true.
        var conditions = string.Join(',', selection.Conditions);
        return selection.Ids.Count > 0
            ? selection.Ids.Select(id => new CacheCondition { Key = "id", Operator = CacheOperator.Equal, Value = id } + (conditions.Length > 0 ? "," : "") + conditions)
            : conditions.Length > 0 ? [conditions]
            : [];
    }

    /// <summary>Takes the next field off the answer.</summary>
    /// <returns>The record; null where the field is something else.</returns>
    private static CacheRecord? TakeRecord(ref ReadOnlySequence<byte> rest)
    {
        var reader = new SequenceReader<byte>(rest);
        if (!WireFormat.TryReadField(ref reader, out var tag, out var bytes))
        {
            throw new InvalidDataException("The engine's answer about its cache is cut off.");
        }

        rest = rest.Slice(reader.Position);
        return tag == RecordTag ? Translate(ControlMethods.ParseUsage(bytes)) : null;
    }

    private static CacheRecord? Translate(Protocol.UsageRecord record)
    {
        var id = DisplayText.Line(record.Id, MaxId);
        return id.Length == 0 ? null : new CacheRecord
        {
            Id = id,
            Parents = [.. record.Parents.Append(record.Parent).Where(p => p.Length > 0).Distinct().Select(p => DisplayText.Line(p, MaxId))],
            CreatedAt = StatusTranslation.Time(record.CreatedAt),
            IsMutable = record.Mutable,
            IsReclaimable = !record.InUse,
            IsShared = record.Shared,
            Size = Math.Max(0, record.Size),
            Description = DisplayText.Line(record.Description, MaxDescription),
            UsageCount = Math.Max(0, record.UsageCount),
            LastUsedAt = StatusTranslation.Time(record.LastUsedAt),
            Type = record.RecordType.Length == 0 ? null : DisplayText.Line(record.RecordType, MaxType),
        };
    }

    private Exception Explain(Exception error, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(error.Message, error, cancellationToken);
        }

        // The engine's words and nothing typed: "failed to parse diskusage filters [..]: parse error: ..".
        return error is RpcException { Status.Detail: var detail }
            && detail.Contains("failed to parse", StringComparison.Ordinal) && detail.Contains("filter", StringComparison.Ordinal)
            ? new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The engine at {context.Endpoint} does not understand the filter: {DisplayText.Line(EngineErrors.StripPrefixes(detail))}",
                "Correct the value; behind ~= it is a regular expression of Go.",
                error)
            : EngineErrors.Explain(error, context);
    }
}
