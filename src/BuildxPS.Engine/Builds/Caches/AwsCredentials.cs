using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>
/// The keys of AWS that this client has, looked for where AWS's own tools do: variables, then a profile of the two files.
/// What would take calls of services (SSO, roles, metadata of a machine) or a program is said, and left to the engine.
/// </summary>
internal sealed class AwsCredentials
{
    /// <summary>Id of the key; null where there is none.</summary>
    public string? Id { get; private init; }

    /// <summary>The key; null where there is none.</summary>
    public string? Secret { get; private init; }

    /// <summary>The session that a temporary key belongs to; null where there is none.</summary>
    public string? Token { get; private init; }

    /// <summary>Why there is no key, as half a sentence; null where there is one.</summary>
    public string? Problem { get; private init; }

    /// <summary>Adds what the user did not give; nothing where both the key and its id are given.</summary>
    /// <param name="attributes">The attributes of a cache of the type <c>s3</c>.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Why keys are missing still; null where none is.</returns>
    public static string? Complete(Dictionary<string, string> attributes, ClientEnvironment environment)
    {
        if (attributes.ContainsKey("access_key_id") && attributes.ContainsKey("secret_access_key"))
        {
            return null;
        }

        var found = Find(environment);
        Add("access_key_id", found.Id);
        Add("secret_access_key", found.Secret);
        Add("session_token", found.Token);
        return found.Problem;

        void Add(string key, string? value)
        {
            if (value is { Length: > 0 })
            {
                attributes.TryAdd(key, value);
            }
        }
    }

    /// <summary>Looks for keys.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Keys, or why there are none.</returns>
    public static AwsCredentials Find(ClientEnvironment environment)
    {
        var id = environment["AWS_ACCESS_KEY_ID"] ?? environment["AWS_ACCESS_KEY"];
        var secret = environment["AWS_SECRET_ACCESS_KEY"] ?? environment["AWS_SECRET_KEY"];
        if (id is not null && secret is not null)
        {
            return new AwsCredentials { Id = id, Secret = secret, Token = environment["AWS_SESSION_TOKEN"] };
        }

        if (environment["AWS_WEB_IDENTITY_TOKEN_FILE"] is not null)
        {
            return None("AWS_WEB_IDENTITY_TOKEN_FILE asks for a role, which takes a call of AWS's token service");
        }

        var profile = environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"];
        try
        {
            return AwsProfiles.Find(profile ?? "default", environment) is { } settings ? Of(profile ?? "default", settings, environment)
                : profile is not null ? None($"the profile '{DisplayText.Line(profile)}', which AWS_PROFILE names, is in neither of AWS's files")
                : Outside(environment);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return None($"AWS's files of profiles cannot be read: {e.Message.TrimEnd('.')}");
        }
    }

    private static AwsCredentials Of(string profile, IReadOnlyDictionary<string, string> settings, ClientEnvironment environment)
    {
        var (id, secret) = (settings.GetValueOrDefault("aws_access_key_id", ""), settings.GetValueOrDefault("aws_secret_access_key", ""));
        var name = DisplayText.Line(profile);
        return Has("role_arn") ? None($"the profile '{name}' takes on a role, which takes a call of AWS's token service")
            : id.Length > 0 && secret.Length > 0 ? new AwsCredentials { Id = id, Secret = secret, Token = settings.GetValueOrDefault("aws_session_token") }
            : id.Length > 0 || secret.Length > 0 ? None($"the profile '{name}' has only one of aws_access_key_id and aws_secret_access_key")
            : Has("sso_session") || Has("sso_start_url") ? None($"the profile '{name}' signs in by SSO")
            : Has("login_session") ? None($"the profile '{name}' signs in by 'aws login'")
            : Has("credential_process") ? None($"the profile '{name}' has a program tell its keys")
            : Outside(environment);

        bool Has(string key) => settings.TryGetValue(key, out var value) && value.Length > 0;
    }

    private static AwsCredentials Outside(ClientEnvironment environment)
        => (environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] ?? environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) is not null
            ? None("the variables of this container name a service that has keys")
            : None("neither variables nor AWS's files of profiles have keys, and the metadata of a machine is not asked");

    private static AwsCredentials None(string problem) => new() { Problem = problem };
}
