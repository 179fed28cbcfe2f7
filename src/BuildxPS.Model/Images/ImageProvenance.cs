namespace BuildxPS;

/// <summary>How an image was built, as its provenance says: what SLSA 0.2 and SLSA 1 have in common. The rest is in <see cref="ImageAttestation.Predicate"/>.</summary>
public sealed record ImageProvenance
{
    /// <summary>Version of SLSA: <c>0.2</c> or <c>1</c>.</summary>
    public required string SlsaVersion { get; init; }

    /// <summary>The kind of build, an address: BuildKit's begins with <c>https://mobyproject.org/buildkit@v1</c> or <c>https://github.com/moby/buildkit</c>.</summary>
    public string BuildType { get; init; } = "";

    /// <summary>Who built it, an address; empty where nobody was named.</summary>
    public string BuilderId { get; init; } = "";

    /// <summary>The platform of the engine that built it; empty where that is not said.</summary>
    public string BuilderPlatform { get; init; } = "";

    /// <summary>Where the source came from: the repository that the engine or the client named; null for files of a client that named none.</summary>
    public string? Source { get; init; }

    /// <summary>The revision of the source; null where none is known.</summary>
    public string? Revision { get; init; }

    /// <summary>The Dockerfile within its source; empty where that is not said.</summary>
    public string Dockerfile { get; init; } = "";

    /// <summary>The frontend, for example <c>dockerfile.v0</c>.</summary>
    public string Frontend { get; init; } = "";

    /// <summary>What the frontend was asked: <c>target</c>, <c>build-arg:…</c>, <c>label:…</c>. In <c>mode=min</c> arguments are left out.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>What it was made from: SLSA 0.2's materials, SLSA 1's resolved dependencies.</summary>
    public IReadOnlyList<ProvenanceMaterial> Materials { get; init => field = Indexable.From(value); } = ShownList<ProvenanceMaterial>.Empty;

    /// <summary>The engine's name of this build; empty where that is not said.</summary>
    public string InvocationId { get; init; } = "";

    /// <summary>When the build began; null where that is not said.</summary>
    public DateTimeOffset? StartedOn { get; init; }

    /// <summary>When the build ended; null where that is not said.</summary>
    public DateTimeOffset? FinishedOn { get; init; }

    /// <summary>Whether the builder says that the same build gives the same bytes.</summary>
    public bool IsReproducible { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"SLSA {SlsaVersion}";
}
