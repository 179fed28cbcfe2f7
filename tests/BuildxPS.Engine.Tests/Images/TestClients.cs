using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>Clients as tests need them: nothing of this process's surroundings, short waits.</summary>
internal static class TestClients
{
    public static ClientEnvironment Bare { get; } = new()
    {
        Variables = new Dictionary<string, string>(),
        HomeDirectory = Path.Combine(Path.GetTempPath(), "no-such-home"),
        IsWindows = OperatingSystem.IsWindows(),
    };

    public static RegistryLimits Limits { get; } = new() { RetryDelay = TimeSpan.FromMilliseconds(1), Continue = TimeSpan.FromSeconds(20) };

    public static RegistryClient Create(
        RegistryTrust? trust = null, ICredentialSource? credentials = null, Action<string>? log = null, RegistryLimits? limits = null)
        => new(new RegistryClientOptions
        {
            Environment = Bare,
            Trust = trust ?? RegistryTrust.Default,
            Credentials = credentials,
            Log = log,
            Limits = limits ?? Limits,
        });

    public static async Task<ImageDocument> InspectAsync(
        string reference, RegistryTrust? trust = null, ICredentialSource? credentials = null, Action<string>? log = null, RegistryLimits? limits = null)
    {
        using var client = Create(trust, credentials, log, limits);
        return await new ImageInspector(client).InspectAsync(ImageReference.Parse(reference), TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    public static async Task<BuildxException> FailAsync(
        string reference, RegistryTrust? trust = null, ICredentialSource? credentials = null, Action<string>? log = null, RegistryLimits? limits = null)
        => await Assert.ThrowsAnyAsync<BuildxException>(() => InspectAsync(reference, trust, credentials, log, limits));
}

/// <summary>Fixed logins by host.</summary>
internal sealed class FixedCredentials(params (string Host, RegistryCredential Credential)[] logins) : ICredentialSource
{
    public int Asked { get; private set; }

    public static FixedCredentials User(string host, string name = "user", string password = "s3cret-pass")
        => new((host, new RegistryCredential { Username = name, Password = password, Source = "the test" }));

    public ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        Asked++;
        return new ValueTask<RegistryCredential?>(logins.FirstOrDefault(l => l.Host == host).Credential);
    }
}
