using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>How a <see cref="RegistryClient"/> works.</summary>
public sealed record RegistryClientOptions
{
    /// <summary>The client's surroundings; proxies are taken from it.</summary>
    public required ClientEnvironment Environment { get; init; }

    /// <summary>How far registries are trusted.</summary>
    public RegistryTrust Trust { get; init; } = RegistryTrust.Default;

    /// <summary>Where logins come from; null is always anonymous.</summary>
    public ICredentialSource? Credentials { get; init; }

    /// <summary>Told what is done, line by line, without credentials; may be called on any thread. Null tells no one.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Told the long-lived token that a token service may give in the place of a password; null asks for none.</summary>
    internal Action<string>? IdentityToken { get; init; }

    /// <summary>Bounds of waits and sizes.</summary>
    internal RegistryLimits Limits { get; init; } = new();
}
