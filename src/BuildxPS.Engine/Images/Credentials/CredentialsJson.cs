using System.Text.Json.Serialization;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>What is read of a docker <c>config.json</c> about logins.</summary>
internal sealed class CredentialsJson
{
    /// <summary>Logins, by registry.</summary>
    public Dictionary<string, LoginJson?>? Auths { get; init; }

    /// <summary>Helpers for single registries.</summary>
    public Dictionary<string, string?>? CredHelpers { get; init; }

    /// <summary>The helper for all others.</summary>
    public string? CredsStore { get; init; }
}

/// <summary>One login. A class and not a record, so that nothing prints it by accident.</summary>
internal sealed class LoginJson
{
    /// <summary>base64 of <c>user:password</c>.</summary>
    public string? Auth { get; init; }

    /// <summary>The user, where <see cref="Auth"/> is not there.</summary>
    public string? Username { get; init; }

    /// <summary>The password, where <see cref="Auth"/> is not there.</summary>
    public string? Password { get; init; }

    /// <summary>A long-lived token.</summary>
    [JsonPropertyName("identitytoken")]
    public string? IdentityToken { get; init; }

    /// <summary>A token that the registry takes as it is.</summary>
    [JsonPropertyName("registrytoken")]
    public string? RegistryToken { get; init; }
}

/// <summary>The value of <c>DOCKER_AUTH_CONFIG</c>; docker refuses whatever else is in it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed class VariableJson
{
    /// <summary>Logins, by registry.</summary>
    public Dictionary<string, VariableLoginJson?>? Auths { get; init; }
}

/// <summary>One login in <c>DOCKER_AUTH_CONFIG</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed class VariableLoginJson
{
    /// <summary>base64 of <c>user:password</c>.</summary>
    public string? Auth { get; init; }
}

/// <summary>How they are read: like Go, which takes names in any case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(CredentialsJson))]
[JsonSerializable(typeof(VariableJson))]
internal sealed partial class CredentialsJsonContext : JsonSerializerContext;
