using System.Globalization;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Storage;

/// <summary>What a removal would take from one node's cache, as far as that can be known before.</summary>
public sealed record PruneForecast
{
    /// <summary>The builder.</summary>
    public required string Builder { get; init; }

    /// <summary>The node.</summary>
    public required string Node { get; init; }

    /// <summary>Records that would go; empty for a failure.</summary>
    public IReadOnlyList<CacheRecord> Records { get; init; } = [];

    /// <summary>What that frees at least, in bytes: the size of records that nothing else has.</summary>
    public long Size { get; init; }

    /// <summary>The size of shared records among them, in bytes: freed where what shares them goes too, or only their base is shared.</summary>
    public long SharedSize { get; init; }

    /// <summary>Whether the engine may take fewer or other records, since limits decide.</summary>
    public bool IsEstimate { get; init; }

    /// <summary>Whether it may take nothing at all, since its free space is not known here.</summary>
    public bool IsUpperBound { get; init; }

    /// <summary>Why the node could not be asked; null for an answer.</summary>
    public BuildxException? Failure { get; init; }

    /// <summary>The forecast as the action of a sentence.</summary>
    /// <returns>One line.</returns>
    public string Describe()
    {
        var what = Records.Count == 1 ? "1 record" : string.Create(CultureInfo.InvariantCulture, $"{Records.Count} records");
        var kinds = string.Join(", ", Records.GroupBy(r => r.Type ?? "other").OrderByDescending(g => g.Count())
            .Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {DisplayText.Line(g.Key, 64)}")).Take(6));
        var freed = SharedSize == 0 ? ByteSize.Format(Size) : $"{ByteSize.Format(Size)} to {ByteSize.Format(Size > long.MaxValue - SharedSize ? long.MaxValue : Size + SharedSize)}";
        return IsUpperBound
            ? $"Remove at most {what} of build cache{Brackets(kinds)} and free at most {freed}; how much space the engine's disk has is not known here"
            : $"Remove {(IsEstimate ? "about " : "")}{what} of build cache{Brackets(kinds)} and free {(IsEstimate ? "about " : "")}{freed}";
    }

    /// <summary>Makes a forecast, as BuildKit chooses.</summary>
    /// <param name="all">All records of the cache.</param>
    /// <param name="selected">Ids of those that the removal's filters choose; null for all.</param>
    /// <param name="pruning">The removal.</param>
    /// <param name="now">The time.</param>
    /// <returns>What would go, in the order in which it would.</returns>
    internal static IReadOnlyList<CacheRecord> Choose(IReadOnlyList<CacheRecord> all, IReadOnlySet<string>? selected, CachePruning pruning, DateTimeOffset now)
    {
        // What an engine sends twice would count twice.
        all = [.. all.DistinctBy(r => r.Id, StringComparer.Ordinal)];
        var children = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var parent in all.SelectMany(r => r.Parents))
        {
            children[parent] = children.GetValueOrDefault(parent) + 1;
        }

        var candidates = Rank([.. all.Where(r => MayGo(r, selected, pruning, now))]).ToDictionary(c => c.Record.Id, StringComparer.Ordinal);
        var next = new PriorityQueue<CacheRecord, double>(candidates.Values.Where(c => !children.ContainsKey(c.Record.Id)));
        var kept = pruning.MinFreeSpace > 0 ? pruning.ReservedSpace : Math.Max(pruning.MaxUsedSpace, pruning.ReservedSpace);
        var used = Sum(all.Where(r => !r.IsShared));
        var going = new List<CacheRecord>();
        while ((kept == 0 || used >= kept) && next.TryDequeue(out var record, out _))
        {
            going.Add(record);
            used -= record.Size;
            foreach (var parent in record.Parents)
            {
                // What nothing builds on any more can go as well.
                if (--children[parent] == 0 && candidates.TryGetValue(parent, out var freed))
                {
                    next.Enqueue(freed.Record, freed.Rank);
                }
            }
        }

        return going;
    }

    /// <summary>The bytes of some records, without overflow: sizes come from the engine.</summary>
    /// <param name="records">The records.</param>
    /// <returns>The sum.</returns>
    internal static long Sum(IEnumerable<CacheRecord> records)
        => records.Aggregate(0L, (sum, r) => sum > long.MaxValue - r.Size ? long.MaxValue : sum + r.Size);

    private static string Brackets(string text) => text.Length == 0 ? "" : $" ({text})";

    private static bool MayGo(CacheRecord record, IReadOnlySet<string>? selected, CachePruning pruning, DateTimeOffset now)
        => record.IsReclaimable
        && selected?.Contains(record.Id) != false
        && (pruning.All || (!record.IsShared && record.Type is not ("internal" or "frontend")))
        && (pruning.UnusedFor == TimeSpan.Zero || record.LastUsedAt is not { } used || now - used >= pruning.UnusedFor);

    /// <summary>Old and seldom used records go first, each in equal parts.</summary>
    private static IEnumerable<(CacheRecord Record, double Rank)> Rank(IReadOnlyList<CacheRecord> records)
    {
        var ages = Places(records.Select(r => r.LastUsedAt ?? DateTimeOffset.MinValue));
        var counts = Places(records.Select(r => r.UsageCount));
        return records.Select(r => (r, ((double)ages[r.LastUsedAt ?? DateTimeOffset.MinValue] / ages.Count) + ((double)counts[r.UsageCount] / counts.Count)));
    }

    private static Dictionary<T, int> Places<T>(IEnumerable<T> values)
        where T : notnull
        => values.Distinct().Order().Index().ToDictionary(v => v.Item, v => v.Index + 1);
}
