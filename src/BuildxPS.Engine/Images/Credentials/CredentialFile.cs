using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>The part of a docker <c>config.json</c> that is about logins. Nothing in its text form or its failures is secret.</summary>
internal sealed class CredentialFile
{
    private const int MaxLength = 8 * 1024 * 1024;

    private CredentialFile(string source) => Source = source;

    /// <summary>Where it was read from, for messages.</summary>
    public string Source { get; }

    /// <summary>Logins by key: a host, or an address of old times such as <c>https://index.docker.io/v1/</c>.</summary>
    public IReadOnlyDictionary<string, RegistryCredential> Logins { get; private init; } = new Dictionary<string, RegistryCredential>(StringComparer.Ordinal);

    /// <summary>Helpers for single registries, by key.</summary>
    public IReadOnlyDictionary<string, string> Helpers { get; private init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The helper for all other registries; null where none is set.</summary>
    public string? Store { get; private init; }

    /// <summary>Whether anything about logins is in it.</summary>
    public bool IsEmpty => Logins.Count == 0 && Helpers.Count == 0 && string.IsNullOrEmpty(Store);

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What is in it; empty where there is no file.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>, naming the file.</exception>
    public static async Task<CredentialFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxLength })
            {
                throw Invalid(path, "it is too large");
            }

            return Parse(path, await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), isVariable: false);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new CredentialFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Invalid(path, "it cannot be read: " + error.Message, error);
        }
    }

    /// <summary>Reads the value of <c>DOCKER_AUTH_CONFIG</c>, which may hold <c>auths</c> with <c>auth</c> only.</summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Its value.</param>
    /// <returns>What is in it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>, naming the variable.</exception>
    public static CredentialFile ReadVariable(string name, string value) => Parse(name, Encoding.UTF8.GetBytes(value), isVariable: true);

    /// <summary>Finds a login by its key, or by one whose host it is.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The login; null where there is none.</returns>
    public RegistryCredential? Find(string key)
        => Logins.TryGetValue(key, out var exact) ? exact : Logins.FirstOrDefault(l => HostOf(l.Key) == key).Value;

    private static CredentialFile Parse(string source, ReadOnlyMemory<byte> bytes, bool isVariable)
    {
        if (bytes.Span.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            return new CredentialFile(source);
        }

        try
        {
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 64 });
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw Invalid(source, "it is not a JSON object");
            }

            if (isVariable && root.EnumerateObject().FirstOrDefault(p => p.Name != "auths") is { Value.ValueKind: not JsonValueKind.Undefined } other)
            {
                throw Invalid(source, $"it may have only 'auths', and has '{OutsideText.Clean(other.Name, 50)}'");
            }

            return new CredentialFile(source)
            {
                Logins = Members(source, root, "auths").ToDictionary(m => m.Name, m => ReadLogin(source, m, isVariable), StringComparer.Ordinal),
                Helpers = Members(source, root, "credHelpers").ToDictionary(m => m.Name, m => m.Value.GetString() ?? "", StringComparer.Ordinal),
                Store = Text(root, "credsStore"),
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The parser's own message can quote what it read: a password is not repeated.
            var line = error is JsonException { LineNumber: { } number } ? $" (line {number + 1})" : "";
            throw Invalid(source, $"its JSON is malformed{line}");
        }
    }

    private static IEnumerable<JsonProperty> Members(string source, JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var map) || map.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        // Of two equal keys the last counts, as for docker.
        return map.ValueKind == JsonValueKind.Object
            ? map.EnumerateObject().GroupBy(m => m.Name, StringComparer.Ordinal).Select(g => g.Last())
            : throw Invalid(source, $"'{name}' is not an object");
    }

    private static RegistryCredential ReadLogin(string source, JsonProperty login, bool isVariable)
    {
        if (login.Value.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(source, $"the login of '{OutsideText.Clean(login.Name, 100)}' is not an object");
        }

        var (user, password) = (Text(login.Value, "username") ?? "", Text(login.Value, "password") ?? "");
        if (Text(login.Value, "auth") is { Length: > 0 } encoded)
        {
            (user, password) = Decode(source, login.Name, encoded);
        }
        else if (isVariable)
        {
            throw Invalid(source, $"'auth' is missing for '{OutsideText.Clean(login.Name, 100)}'");
        }

        return new RegistryCredential
        {
            Username = user,
            Password = password,
            IdentityToken = isVariable ? null : Text(login.Value, "identitytoken"),
            RegistryToken = isVariable ? null : Text(login.Value, "registrytoken"),
            Source = source,
        };
    }

    private static (string User, string Password) Decode(string source, string key, string encoded)
    {
        var buffer = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, buffer, out var count))
        {
            throw Invalid(source, $"the login of '{OutsideText.Clean(key, 100)}' is not base64");
        }

        var text = Encoding.UTF8.GetString(buffer, 0, count);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            ? (text[..colon], text[(colon + 1)..].Trim('\0'))
            : throw Invalid(source, $"the login of '{OutsideText.Clean(key, 100)}' is not user:password");
    }

    private static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string HostOf(string key)
    {
        var scheme = key.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? key : key[(scheme + 3)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? rest : rest[..slash];
    }

    private static BuildxException Invalid(string source, string problem, Exception? inner = null) => new(
        BuildxFailure.ConfigurationInvalid,
        $"The docker logins in '{source}' cannot be used: {problem}.",
        "Correct it, or remove the entry and run 'docker login' again.",
        inner);
}
