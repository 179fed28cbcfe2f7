using System.Text.Json.Serialization;

namespace BuildxPS.Engine.Configuration;

/// <summary>What is read of docker's <c>config.json</c>.</summary>
internal sealed record DockerConfigJson
{
    /// <summary>The context that <c>docker context use</c> chose.</summary>
    public string? CurrentContext { get; init; }

    /// <summary>Proxies for builds and containers, by daemon address or <c>default</c>.</summary>
    public Dictionary<string, ProxyJson?>? Proxies { get; init; }

    /// <summary>Filters that every prune adds to its own, as <c>KEY=VALUE</c>.</summary>
    public IReadOnlyList<string?>? PruneFilters { get; init; }
}

/// <summary>Proxies for the builds of one daemon.</summary>
internal sealed record ProxyJson
{
    /// <summary>For http.</summary>
    public string? HttpProxy { get; init; }

    /// <summary>For https.</summary>
    public string? HttpsProxy { get; init; }

    /// <summary>Hosts that are reached directly.</summary>
    public string? NoProxy { get; init; }

    /// <summary>For ftp.</summary>
    public string? FtpProxy { get; init; }
}

/// <summary>A context's <c>meta.json</c>.</summary>
internal sealed record ContextMetaJson
{
    /// <summary>The context's name.</summary>
    public string? Name { get; init; }

    /// <summary>What its maker wrote about it.</summary>
    public ContextMetadataJson? Metadata { get; init; }

    /// <summary>Its endpoints, by kind.</summary>
    public Dictionary<string, ContextEndpointJson?>? Endpoints { get; init; }
}

/// <summary>The free part of a context's <c>meta.json</c>.</summary>
internal sealed record ContextMetadataJson
{
    /// <summary>What its maker wrote about it.</summary>
    public string? Description { get; init; }
}

/// <summary>One endpoint of a context.</summary>
internal sealed record ContextEndpointJson
{
    /// <summary>The address.</summary>
    public string? Host { get; init; }

    /// <summary>Whether its certificate is not looked at.</summary>
    [JsonPropertyName("SkipTLSVerify")]
    public bool SkipTlsVerify { get; init; }
}

/// <summary>How the files are read: like Go, which takes names in any case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(DockerConfigJson))]
[JsonSerializable(typeof(ContextMetaJson))]
internal sealed partial class ConfigurationJson : JsonSerializerContext;
