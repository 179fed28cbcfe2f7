using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>Keeps and removes logins where <c>docker login</c> and <c>docker logout</c> do.</summary>
public sealed class RegistryLogins
{
    // Some key rings ask the user.
    private static readonly TimeSpan s_helperTimeout = TimeSpan.FromMinutes(2);

    private readonly ClientEnvironment _environment;
    private readonly string _path;

    /// <summary>Creates it. Nothing is read yet.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public RegistryLogins(ClientEnvironment environment)
    {
        _environment = environment;
        _path = Path.Combine(DockerConfiguration.FolderOf(environment), "config.json");
    }

    /// <summary>The registries that docker's file has a login or a helper for. No helper is asked.</summary>
    /// <returns>Their hosts, each once.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>: the file cannot be used.</exception>
    public IReadOnlyList<string> ListHosts() => CredentialFile.Read(_path).Hosts;

    /// <summary>Says where a login would be kept. No registry and no helper is asked.</summary>
    /// <param name="registry">The registry's host.</param>
    /// <param name="user">The user's name.</param>
    /// <param name="toFile">Whether the password may lie in docker's file.</param>
    /// <returns>The login.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.CredentialHelperMissing"/>, <see cref="BuildxFailure.CredentialHelperFailed"/>, <see cref="BuildxFailure.ConfigurationInvalid"/>, or
    /// <see cref="BuildxFailure.ArgumentInvalid"/>: the file is asked for, and docker would not look there.
    /// </exception>
    public RegistryLogin Plan(string registry, string user, bool toFile)
    {
        if (user.Length == 0 || user.Contains(':', StringComparison.Ordinal))
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The login for {registry} has a user's name that {(user.Length == 0 ? "is empty" : "has a colon, which no registry can tell from the password")}.",
                "Give the name of the registry's user, or of the access token.");
        }

        var (file, key, helper) = Find(registry);
        if (helper is null && !toFile)
        {
            throw new BuildxException(
                BuildxFailure.CredentialHelperMissing,
                $"No credential helper is configured that could keep the login for {registry}, and in {_path} its password would lie unencrypted.",
                "Install one (docker-credential-pass, -secretservice, -osxkeychain, -wincred) and name it as 'credsStore' in that file, or accept the file with -UseFile. In a pipeline, the variable DOCKER_AUTH_CONFIG needs neither.");
        }

        if (helper is not null && toFile)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                file.HelperOf(key) is null
                    ? $"The login for {registry} cannot be kept in a file (-UseFile): {helper.Program} is installed and {_path} names nothing else, so docker would look there alone."
                    : $"The login for {registry} cannot be kept in a file (-UseFile): {_path} names {helper.Program}, and docker would look there alone.",
                file.HelperOf(key) is null
                    ? "Leave out -UseFile, or give that file an \"auths\" with a login of its own, after which docker leaves the helper alone."
                    : "Leave out -UseFile, or take the helper out of that file.");
        }

        helper?.DemandStore(key);
        return new RegistryLogin { Registry = registry, UserName = user, Store = helper?.Program ?? _path, IsPlainText = helper is null };
    }

    /// <summary>Tries a login at its registry, and keeps it if it is taken.</summary>
    /// <param name="plan">The login, as <see cref="Plan"/> gave it.</param>
    /// <param name="password">The password.</param>
    /// <param name="trust">How far the registry is trusted.</param>
    /// <param name="log">Told what is done, without credentials; may be called on any thread.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The login as it was kept, and what the user should know of it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.RegistryUnauthorized"/> and the other failures of registries and helpers. Nothing was kept.</exception>
    public async Task<(RegistryLogin Login, IReadOnlyList<string> Warnings)> ConnectAsync(
        RegistryLogin plan, string password, RegistryTrust trust, Action<string>? log, CancellationToken cancellationToken)
    {
        var given = new RegistryCredential { Username = plan.UserName, Password = password, Source = "the given credential" };
        var options = new RegistryClientOptions { Environment = _environment, Trust = trust, Log = log };
        var (wasAsked, token) = await LoginCheck.RunAsync(plan.Registry, given, options, cancellationToken).ConfigureAwait(false);
        var warnings = new List<string>();
        if (!wasAsked)
        {
            warnings.Add($"The registry {plan.Registry} lets everybody in without a login, so this one could not be checked.");
        }

        var login = plan with { IsToken = token is not null };
        await StoreAsync(login, token is null ? given : given with { Password = "", IdentityToken = token }, cancellationToken).ConfigureAwait(false);
        if (login.IsPlainText)
        {
            warnings.Add($"The {(login.IsToken ? "token" : "password")} for {login.Registry} lies unencrypted (base64) in {login.Store}. A credential helper would keep it in the system's key ring.");
        }

        if (_environment[CredentialFile.Variable] is { } variable && CredentialFile.ReadVariable(variable).FindExact(CredentialFile.KeyOf(login.Registry)) is not null)
        {
            warnings.Add($"The environment variable {CredentialFile.Variable} has a login for {login.Registry} too, and that one is used as long as it is set.");
        }

        return (login, warnings);
    }

    /// <summary>Looks up the login that is kept for a registry.</summary>
    /// <param name="registry">The registry's host.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The login; null where there is none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>: the whole file cannot be read.</exception>
    public async Task<RegistryLogin?> FindAsync(string registry, CancellationToken cancellationToken)
    {
        var (file, key, helper) = Find(registry);
        RegistryCredential? found;
        try
        {
            found = helper is null ? file.Find(key) : await helper.GetAsync(key, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e.Failure is BuildxFailure.ConfigurationInvalid or BuildxFailure.CredentialHelperFailed)
        {
            // What is damaged can still be removed.
            found = new RegistryCredential { Username = "", Password = "?", Source = _path };
        }

        return found is null or { IsEmpty: true } ? null : new RegistryLogin
        {
            Registry = registry,
            UserName = found.Username,
            Store = helper?.Program ?? _path,
            IsPlainText = helper is null,
            IsToken = !string.IsNullOrEmpty(found.IdentityToken) || !string.IsNullOrEmpty(found.RegistryToken),
        };
    }

    /// <summary>Removes what is kept of a registry's login, also what another program left half.</summary>
    /// <param name="registry">The registry's host.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>, <see cref="BuildxFailure.CredentialHelperFailed"/> or <see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public async Task DisconnectAsync(string registry, CancellationToken cancellationToken)
    {
        var (file, key, helper) = Find(registry);
        var keys = file.KeysFor(key);
        try
        {
            if (helper is not null)
            {
                await helper.EraseAsync(key, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // Also where the helper fails, which is told then.
            if (keys.Count > 0)
            {
                JsonFileChange.Apply(_path, json => keys.Aggregate(json, (text, k) => JsonText.Remove(text, "auths", k)), isSecret: false);
            }
        }
    }

    private (CredentialFile File, string Key, CredentialHelper? Helper) Find(string registry)
    {
        var file = CredentialFile.Read(_path);
        var key = CredentialFile.KeyOf(registry);
        var helper = file.HelperOf(key) ?? CredentialHelper.Default(file, _environment);
        return (file, key, helper is null ? null : new CredentialHelper(helper, file.Source, _environment, s_helperTimeout));
    }

    private async Task StoreAsync(RegistryLogin login, RegistryCredential credential, CancellationToken cancellationToken)
    {
        var (file, key, helper) = Find(login.Registry);
        var entry = new JsonObject();
        if (helper is null)
        {
            entry["auth"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.Username}:{credential.Password}"));
            if (!string.IsNullOrEmpty(credential.IdentityToken))
            {
                entry["identitytoken"] = credential.IdentityToken;
            }
        }
        else
        {
            await helper.StoreAsync(key, credential, cancellationToken).ConfigureAwait(false);
        }

        // Docker leaves an empty entry beside a helper's login, and the name of the helper that it found by itself.
        var found = helper is null ? null : CredentialHelper.Default(file, _environment);
        try
        {
            JsonFileChange.Apply(
                _path,
                json =>
                {
                    json = JsonText.Set(json, ["auths", key], entry.DeepClone());
                    return found is null ? json : JsonText.Set(json, ["credsStore"], found);
                },
                isSecret: helper is null);
        }
        catch (BuildxException) when (helper is not null)
        {
            // Nobody would look for it there.
            await helper.EraseAsync(key, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }
}
