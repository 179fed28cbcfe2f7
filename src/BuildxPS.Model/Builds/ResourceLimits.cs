namespace BuildxPS;

/// <summary>What each step of a build may use: docker's <c>--resource</c>. Null leaves it to the engine.</summary>
public sealed record ResourceLimits
{
    /// <summary>Memory in bytes.</summary>
    public long? Memory { get; init; }

    /// <summary>Memory and swap together in bytes; -1 for no limit of swap.</summary>
    public long? MemorySwap { get; init; }

    /// <summary>Share of the processors beside other steps; 1024 is usual.</summary>
    public long? CpuShares { get; init; }

    /// <summary>Length of the period that <see cref="CpuQuota"/> is of, in microseconds.</summary>
    public long? CpuPeriod { get; init; }

    /// <summary>Processor time in each period, in microseconds.</summary>
    public long? CpuQuota { get; init; }

    /// <summary>Processors that steps may run on, for example <c>0-3,5</c>.</summary>
    public string? CpuSetCpus { get; init; }

    /// <summary>Memory nodes that steps may use, for example <c>0,1</c>.</summary>
    public string? CpuSetMems { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        (string Key, object? Value)[] all =
        [
            ("memory", Memory), ("memory-swap", MemorySwap), ("cpu-shares", CpuShares), ("cpu-period", CpuPeriod), ("cpu-quota", CpuQuota),
            ("cpuset-cpus", CpuSetCpus), ("cpuset-mems", CpuSetMems),
        ];
        return string.Join(' ', all.Where(a => a.Value is not null).Select(a => FormattableString.Invariant($"{a.Key}={a.Value}")));
    }
}
