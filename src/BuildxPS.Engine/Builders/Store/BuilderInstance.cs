using System.Text.Json;
using System.Text.Json.Serialization;

namespace BuildxPS.Engine.Builders.Store;

/// <summary>A builder as buildx's folder holds it. The order of the members is that of the file.</summary>
internal sealed record BuilderInstance
{
    /// <summary>Its name, as it was typed.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its driver.</summary>
    public string Driver { get; init; } = "";

    /// <summary>Its nodes; null and empty mean none.</summary>
    public IReadOnlyList<InstanceNode>? Nodes { get; init; }

    /// <summary>Whether its nodes come and go by themselves.</summary>
    public bool Dynamic { get; init; }

    /// <summary>What a newer buildx may have written, kept as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>One node of a stored builder.</summary>
internal sealed record InstanceNode
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "";

    /// <summary>A docker context's name, or an address.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Platforms that the user assigned to it.</summary>
    public IReadOnlyList<InstancePlatform>? Platforms { get; init; }

    /// <summary>Options of the driver.</summary>
    [JsonPropertyName("DriverOpts")]
    public SortedDictionary<string, string>? DriverOptions { get; init; }

    /// <summary>Arguments for buildkitd.</summary>
    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>Config files, by path below <c>/etc/buildkit</c>.</summary>
    public SortedDictionary<string, byte[]>? Files { get; init; }

    /// <summary>What a newer buildx may have written, kept as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>A platform as the OCI image specification writes it.</summary>
internal sealed record InstancePlatform
{
    /// <summary>The processor.</summary>
    [JsonPropertyName("architecture")]
    public string Architecture { get; init; } = "";

    /// <summary>The operating system.</summary>
    [JsonPropertyName("os")]
    public string System { get; init; } = "";

    /// <summary>The operating system's version.</summary>
    [JsonPropertyName("os.version"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Version { get; init; }

    /// <summary>What the operating system must have.</summary>
    [JsonPropertyName("os.features"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Features { get; init; }

    /// <summary>The processor's variant.</summary>
    [JsonPropertyName("variant"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }

    /// <summary>Writes a platform.</summary>
    /// <param name="platform">The platform.</param>
    /// <returns>The form of the file.</returns>
    public static InstancePlatform From(Platform platform) => new()
    {
        Architecture = platform.Architecture,
        System = platform.OS,
        Version = platform.OSVersion,
        Variant = platform.Variant,
    };

    /// <summary>Reads the platform.</summary>
    /// <returns>Null where it is none that this module knows.</returns>
    public Platform? ToPlatform()
        => Platform.TryParse(
            (string.IsNullOrEmpty(Version) ? System : $"{System}({Version})") + "/" + Architecture + (string.IsNullOrEmpty(Variant) ? "" : "/" + Variant),
            out var platform,
            out _) ? platform : null;
}

/// <summary>Which builder is the current one.</summary>
internal sealed record CurrentBuilder
{
    /// <summary>The context, or address, under which it was chosen.</summary>
    public string Key { get; init; } = "";

    /// <summary>The builder; empty for the context's own.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether it is the current one whatever the context is.</summary>
    public bool Global { get; init; }
}
