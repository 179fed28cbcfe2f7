using System.Text.Json.Serialization;

namespace BuildxPS.Engine.Configuration;

/// <summary>What is read of docker's <c>config.json</c> about aliases and plugins.</summary>
internal sealed record AliasesJson
{
    /// <summary>What stands for what.</summary>
    public Dictionary<string, string?>? Aliases { get; init; }

    /// <summary>More folders with plugins.</summary>
    public IReadOnlyList<string?>? CliPluginsExtraDirs { get; init; }
}

/// <summary>How it is read: like Go, which takes names in any case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(AliasesJson))]
internal sealed partial class AliasesJsonContext : JsonSerializerContext;
