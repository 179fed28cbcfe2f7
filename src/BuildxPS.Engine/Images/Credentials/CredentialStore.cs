using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>
/// The logins that <c>docker login</c> and buildx stored, found in the same order as buildx finds them: buildx's own
/// files for one repository, DOCKER_AUTH_CONFIG, the registry's helper, the helper for all, the file.
/// </summary>
public sealed class CredentialStore : ICredentialSource, IDisposable
{
    private const string HubHost = "registry-1.docker.io";

    // Tokens that cloud helpers hand out end after five minutes.
    private static readonly TimeSpan s_life = TimeSpan.FromSeconds(290);

    private readonly ClientEnvironment _environment;
    private readonly TimeSpan _helperTimeout;
    private readonly string _configFolder;
    private readonly string _buildxFolder;
    private readonly Dictionary<string, (DateTimeOffset Until, RegistryCredential? Credential)> _found = new(StringComparer.Ordinal);

    // One at a time: some key rings ask the user, and some helpers hang when two of them run.
    private readonly SemaphoreSlim _lock = new(1, 1);
    private ScopedLogins? _scoped;

    /// <summary>Creates a store. Nothing is read yet.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public CredentialStore(ClientEnvironment environment)
        : this(environment, TimeSpan.FromSeconds(50))
    {
    }

    /// <summary>Creates a store. Engines wait a minute for a login, so a helper has less.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="helperTimeout">How long a helper may take.</param>
    internal CredentialStore(ClientEnvironment environment, TimeSpan helperTimeout)
    {
        _environment = environment;
        _helperTimeout = helperTimeout;
        _configFolder = DockerConfiguration.FolderOf(environment);
        _buildxFolder = environment["BUILDX_CONFIG"] ?? Path.Combine(_configFolder, "buildx");
    }

    /// <inheritdoc/>
    public async ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        var found = await FindCachedAsync(HostOf(host), scopes, cancellationToken).ConfigureAwait(false);

        // Docker runs these two with the Hub's users.
        return found is null && host is "dhi.io" or "registry.scout.docker.com"
            ? await FindCachedAsync(HubHost, scopes, cancellationToken).ConfigureAwait(false)
            : found;
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> FingerprintAsync(string host, CancellationToken cancellationToken)
    {
        var login = (await GetAsync(host, [], cancellationToken).ConfigureAwait(false))?.Fingerprint();
        var scoped = _scoped!.Of(HostOf(host));
        if (scoped.Count == 0)
        {
            return login;
        }

        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        all.AppendData(login ?? []);
        foreach (var file in scoped)
        {
            all.AppendData(Encoding.UTF8.GetBytes(file));
            all.AppendData(JsonFile.ReadBytes(file) ?? []);
        }

        return all.GetHashAndReset();
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static string HostOf(string host) => host is "docker.io" or "index.docker.io" ? HubHost : host;

    private async Task<RegistryCredential?> FindCachedAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        await _lock.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _scoped ??= ScopedLogins.List(Path.Combine(_buildxFolder, "config"));
            var file = _scoped.Find(host, scopes) ?? Path.Combine(_configFolder, "config.json");
            var key = $"{host}|{file}";
            if (_found.TryGetValue(key, out var known) && DateTimeOffset.UtcNow < known.Until)
            {
                return known.Credential;
            }

            var credential = await FindAsync(CredentialFile.KeyOf(host), file, cancellationToken).ConfigureAwait(false);
            credential = credential is { IsEmpty: false } ? credential : null;
            _found[key] = (DateTimeOffset.UtcNow + s_life, credential);
            return credential;
        }
        finally
        {
            _lock.Release();
        }
    }

    private async Task<RegistryCredential?> FindAsync(string key, string path, CancellationToken cancellationToken)
    {
        if (_environment[CredentialFile.Variable] is { } variable && CredentialFile.ReadVariable(variable).FindExact(key) is { } given)
        {
            return given;
        }

        var file = CredentialFile.Read(path);
        var helper = file.HelperOf(key) ?? CredentialHelper.Default(file, _environment);
        if (string.IsNullOrEmpty(helper))
        {
            return file.Find(key);
        }

        var found = await new CredentialHelper(helper, file.Source, _environment, _helperTimeout).GetAsync(key, cancellationToken).ConfigureAwait(false);

        // With a helper, docker takes neither user nor password from the file, but a registry token it does.
        return file.Find(key)?.RegistryToken is { Length: > 0 } token
            ? new RegistryCredential { RegistryToken = token, Username = found?.Username ?? "", Password = found?.Password ?? "", IdentityToken = found?.IdentityToken, Source = file.Source }
            : found;
    }
}
