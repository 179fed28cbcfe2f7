using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builders;

/// <summary>A builder that a selection means: one of the store, or a docker context's own.</summary>
internal sealed record ChosenBuilder
{
    /// <summary>The stored builder; null for a context's own.</summary>
    public StoredBuilder? Stored { get; init; }

    /// <summary>The context; null for a stored builder.</summary>
    public ResolvedContext? Context { get; init; }

    /// <summary>Its name.</summary>
    public string Name => Stored?.Name ?? Context!.Name;
}
