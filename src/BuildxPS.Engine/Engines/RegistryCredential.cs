using System.Security.Cryptography;
using System.Text;

namespace BuildxPS.Engine.Engines;

/// <summary>A login for one registry. Its text form never shows a secret.</summary>
public sealed record RegistryCredential
{
    /// <summary>The user's name; empty with a token.</summary>
    public string Username { get; init; } = "";

    /// <summary>The password; empty with a token.</summary>
    public string Password { get; init; } = "";

    /// <summary>A long-lived token that is exchanged for short-lived ones; it stands for user and password.</summary>
    public string? IdentityToken { get; init; }

    /// <summary>A token that is sent to the registry as it is.</summary>
    public string? RegistryToken { get; init; }

    /// <summary>Where it was found, for messages: <c>DOCKER_AUTH_CONFIG</c>, a file's path, a helper's name.</summary>
    public required string Source { get; init; }

    /// <summary>What proves who the user is: the identity token, else the password.</summary>
    public string Secret => string.IsNullOrEmpty(IdentityToken) ? Password : IdentityToken;

    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => Secret.Length == 0 && string.IsNullOrEmpty(RegistryToken);

    /// <summary>What kind of login it is and where it comes from, without any secret.</summary>
    public string Description => !string.IsNullOrEmpty(RegistryToken) ? $"registry token from {Source}"
        : !string.IsNullOrEmpty(IdentityToken) ? $"identity token from {Source}"
        : $"user '{Username}' from {Source}";

    /// <summary>What tells it from other logins.</summary>
    /// <returns>A hash, which is as secret as the login; null where there is nothing in it.</returns>
    public byte[]? Fingerprint()
    {
        if (IsEmpty)
        {
            return null;
        }

        var text = Encoding.UTF8.GetBytes(string.Join('\0', Username, Password, IdentityToken, RegistryToken));
        var hash = SHA256.HashData(text);
        CryptographicOperations.ZeroMemory(text);
        return hash;
    }

    /// <inheritdoc/>
    public override string ToString() => Description;
}
