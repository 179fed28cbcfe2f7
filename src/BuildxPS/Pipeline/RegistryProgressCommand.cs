using System.Collections;
using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that bring images into registries: how far those are trusted, and showing what is under way.</summary>
public abstract class RegistryProgressCommand : BuildxProgressCommand
{
    /// <summary>Creates the cmdlet. Only this module derives from it.</summary>
    private protected RegistryProgressCommand()
    {
    }

    /// <summary>Registries that are spoken to over plain http; one on this machine needs no word.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] InsecureRegistry { get; set; } = [];

    /// <summary>Registries whose https certificate is not checked.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] SkipTlsVerify { get; set; } = [];

    /// <summary>PEM files with authorities to trust: for all registries, or in a hashtable by host.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[] RegistryCa { get; set; } = [];

    /// <summary>Certificates that prove to a registry who asks, in a hashtable of host and PEM files: certificate and key, or one file with both.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public IDictionary[] RegistryCertificate { get; set; } = [];

    /// <summary>A login for the registry, or a hashtable of host and login where there are several. Without it docker's stored logins count.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? Credential { get; set; }

    /// <summary>A builder whose config says which registries are trusted; that of a piped build counts by itself.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public virtual string? Builder { get; set; }

    /// <summary>An image has as many steps as blobs; what became of them is in the result.</summary>
    private protected override bool KeepsSteps => false;

    /// <summary>Reads what the user says about trust.</summary>
    private protected RegistryTrust ReadTrust() => TrustArguments.Read(
        InsecureRegistry, SkipTlsVerify, RegistryCa, path => ResolvePath(path, BuildxFailure.ArgumentInvalid, "The file with certificates"), RegistryCertificate);

    /// <summary>Reads the logins that the user gives.</summary>
    /// <param name="registries">The registries that will be spoken to.</param>
    private protected IReadOnlyDictionary<string, RegistryCredential> ReadLogins(IEnumerable<string> registries)
        => CredentialArguments.Read(Credential, [.. registries.Distinct(StringComparer.OrdinalIgnoreCase)]);

    /// <summary>Makes what speaks to the registries.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="trust">What the user says about trust.</param>
    /// <param name="builder">The builder whose trust counts, too; null for none.</param>
    /// <param name="credentials">The logins.</param>
    /// <param name="log">Told what is done; on any thread.</param>
    private protected static RegistryClient CreateClient(ClientEnvironment environment, RegistryTrust trust, string? builder, GivenCredentials credentials, Action<string> log)
        => new(new RegistryClientOptions
        {
            Environment = environment,
            Trust = builder is null ? trust : trust.With(new BuilderCatalog(environment).TrustOf(builder)),
            Credentials = credentials,
            Log = log,
        });
}
