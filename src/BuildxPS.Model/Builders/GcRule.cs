namespace BuildxPS;

/// <summary>One rule of an engine's garbage collection of its build cache.</summary>
public sealed record GcRule
{
    /// <summary>Whether it also counts internal and frontend records.</summary>
    public bool All { get; init; }

    /// <summary>Which records it is for, in containerd's filter syntax; empty means all.</summary>
    public IReadOnlyList<string> Filters { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>How long a record is kept after its last use; zero means no limit.</summary>
    public TimeSpan KeepDuration { get; init; }

    /// <summary>Bytes that are always kept; zero means none.</summary>
    public long ReservedSpace { get; init; }

    /// <summary>Bytes that the cache may use at most; zero means no limit.</summary>
    public long MaxUsedSpace { get; init; }

    /// <summary>Bytes of the disk that should stay free; zero means no limit.</summary>
    public long MinFreeSpace { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        IEnumerable<string?> parts =
        [
            All ? "all records" : Filters.Count == 0 ? "records of builds" : "records with " + DisplayText.Line(string.Join(" or ", Filters)),
            KeepDuration > TimeSpan.Zero ? $"kept {ElapsedTime.Format(KeepDuration)} after their last use" : null,
            ReservedSpace > 0 ? $"{ByteSize.Format(ReservedSpace)} always kept" : null,
            MaxUsedSpace > 0 ? $"at most {ByteSize.Format(MaxUsedSpace)} used" : null,
            MinFreeSpace > 0 ? $"{ByteSize.Format(MinFreeSpace)} of the disk left free" : null,
        ];
        return string.Join(", ", parts.OfType<string>());
    }
}
