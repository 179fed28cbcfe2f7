using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>The part of a docker <c>config.json</c> that is about logins. Nothing in its failures is secret.</summary>
internal sealed class CredentialFile
{
    /// <summary>The variable that may hold logins.</summary>
    public const string Variable = "DOCKER_AUTH_CONFIG";

    private const string HubKey = "https://index.docker.io/v1/";

    private readonly Dictionary<string, LoginJson> _logins;

    private CredentialFile(string source, IEnumerable<KeyValuePair<string, LoginJson?>>? logins)
    {
        Source = source;
        _logins = (logins ?? []).Where(l => l.Value is not null).ToDictionary(l => l.Key, l => l.Value!, StringComparer.Ordinal);
    }

    /// <summary>Where it was read from, for messages.</summary>
    public string Source { get; }

    /// <summary>Helpers for single registries, by key.</summary>
    public IReadOnlyDictionary<string, string?> Helpers { get; private init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>The helper for all other registries; null where none is set.</summary>
    public string? Store { get; private init; }

    /// <summary>Whether nothing about logins is in it.</summary>
    public bool IsEmpty => _logins.Count == 0 && Helpers.Count == 0 && string.IsNullOrEmpty(Store);

    /// <summary>The key that docker keeps a registry's login under.</summary>
    /// <param name="registry">The registry's host.</param>
    /// <returns>The host itself, but for Docker Hub.</returns>
    public static string KeyOf(string registry) => registry is "docker.io" or "index.docker.io" or "registry-1.docker.io" ? HubKey : registry;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>What is in it; empty where there is no file.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>, naming the file.</exception>
    public static CredentialFile Read(string path)
    {
        var json = JsonFile.Read(path, CredentialsJsonContext.Default.CredentialsJson);
        return new CredentialFile(path, json?.Auths) { Helpers = json?.CredHelpers ?? [], Store = json?.CredsStore };
    }

    /// <summary>Reads the value of <see cref="Variable"/>.</summary>
    /// <param name="value">Its value.</param>
    /// <returns>What is in it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public static CredentialFile ReadVariable(string value)
    {
        VariableJson? json;
        try
        {
            json = JsonSerializer.Deserialize(value, CredentialsJsonContext.Default.VariableJson);
        }
        catch (JsonException)
        {
            // The parser's own words are left out: this value is all secret.
            throw Invalid(Variable, "it is not JSON of the form {\"auths\":{\"HOST\":{\"auth\":\"…\"}}}");
        }

        var logins = json?.Auths?.Select(l => KeyValuePair.Create(l.Key, l.Value is { Auth.Length: > 0 } login
            ? new LoginJson { Auth = login.Auth }
            : throw Invalid(Variable, $"'auth' is missing for '{DisplayText.Line(l.Key, 100)}'")));
        return new CredentialFile(Variable, logins!);
    }

    /// <summary>The helper that is configured for a registry.</summary>
    /// <param name="key">The registry's key.</param>
    /// <returns>Its name; null where its login is in this file.</returns>
    public string? HelperOf(string key) => (Helpers.GetValueOrDefault(key) ?? Store) is { Length: > 0 } helper ? helper : null;

    /// <summary>The keys of a registry's logins in this file, those of old times included. A repository's, which other tools keep, is none of them.</summary>
    /// <param name="key">The registry's key.</param>
    /// <returns>The keys.</returns>
    public IReadOnlyList<string> KeysFor(string key)
    {
        var host = HostOf(key);
        return [.. _logins.Keys.Where(k => k == key || (HostOf(k) == host && k[(k.IndexOf(host, StringComparison.Ordinal) + host.Length)..] is "" or "/" or "/v1/" or "/v2/"))];
    }

    /// <summary>The hosts of registries that have a login or a helper here, each once; Docker Hub by its usual name.</summary>
    public IReadOnlyList<string> Hosts => [.. _logins.Keys.Concat(Helpers.Keys).Select(k => k == HubKey ? "docker.io" : HostOf(k)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Finds a login by its key alone.</summary>
    /// <param name="key">The key: a host, or an address of old times such as <c>https://index.docker.io/v1/</c>.</param>
    /// <returns>The login; null where there is none.</returns>
    public RegistryCredential? FindExact(string key) => _logins.TryGetValue(key, out var login) ? Decode(key, login) : null;

    /// <summary>Finds a login by its key, or else one whose host the key is.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The login; null where there is none.</returns>
    public RegistryCredential? Find(string key)
        => FindExact(key) ?? (_logins.Keys.FirstOrDefault(k => HostOf(k) == key) is { } older ? FindExact(older) : null);

    private RegistryCredential Decode(string key, LoginJson login)
    {
        var (user, password) = (login.Username ?? "", login.Password ?? "");
        if (login.Auth is { Length: > 0 } encoded)
        {
            var buffer = new byte[encoded.Length];
            var text = Convert.TryFromBase64String(encoded, buffer, out var count) ? Encoding.UTF8.GetString(buffer, 0, count) : "";
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            (user, password) = colon > 0
                ? (text[..colon], text[(colon + 1)..].Trim('\0'))
                : throw Invalid(Source, $"the 'auth' of '{DisplayText.Line(key, 100)}' is not base64 of user:password");
        }

        return new RegistryCredential
        {
            Username = user,
            Password = password,
            IdentityToken = login.IdentityToken,
            RegistryToken = login.RegistryToken,
            Source = Source,
        };
    }

    /// <summary>The host of a key, or of an address.</summary>
    /// <param name="key">A key: a host, or an address.</param>
    /// <returns>The host, with its port.</returns>
    public static string HostOf(string key)
    {
        var scheme = key.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? key : key[(scheme + 3)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? rest : rest[..slash];
    }

    private static BuildxException Invalid(string source, string problem) => new(
        BuildxFailure.ConfigurationInvalid,
        $"The logins in {source} cannot be used: {problem}.",
        source == Variable ? $"Correct the environment variable {Variable}, or unset it." : "Remove the entry, and log in again with Connect-BuildxRegistry.");
}
