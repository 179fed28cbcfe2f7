namespace BuildxPS.Engine.Engines;

/// <summary>An attestation that an engine keeps with its record of a build.</summary>
public sealed record RecordedAttestation
{
    /// <summary>The platform that it is of, as the engine writes it; empty for a result of one platform.</summary>
    public required string Platform { get; init; }

    /// <summary>The type of its predicate, an address.</summary>
    public required string PredicateType { get; init; }

    /// <summary>The predicate: JSON, its digest verified.</summary>
    public required ReadOnlyMemory<byte> Predicate { get; init; }
}
