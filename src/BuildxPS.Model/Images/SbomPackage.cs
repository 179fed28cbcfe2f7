namespace BuildxPS;

/// <summary>One package that an SBOM lists.</summary>
public sealed record SbomPackage
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its version; empty where that is not said.</summary>
    public string Version { get; init; } = "";

    /// <summary>The licence that is concluded or declared, an SPDX expression; empty where none is said.</summary>
    public string License { get; init; } = "";

    /// <summary>Its package URL, for example <c>pkg:apk/alpine/musl@1.2.5</c>; null where it has none.</summary>
    public string? PackageUrl { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Version.Length == 0 ? Name : $"{Name} {Version}";
}
