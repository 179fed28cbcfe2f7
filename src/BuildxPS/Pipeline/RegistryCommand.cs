using System.Collections;
using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that speak to registries by themselves: how far those are trusted.</summary>
public abstract class RegistryCommand : BuildxCommand
{
    /// <summary>Creates the cmdlet. Only this module derives from it.</summary>
    private protected RegistryCommand()
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

    /// <summary>A builder whose config says which registries are trusted; that of a piped build counts by itself.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string? Builder { get; set; }

    /// <summary>Reads what the user says about trust.</summary>
    private protected RegistryTrust ReadTrust() => TrustArguments.Read(
        InsecureRegistry, SkipTlsVerify, RegistryCa, path => ResolvePath(path, BuildxFailure.ArgumentInvalid, "The file with certificates"), RegistryCertificate);

    /// <summary>Adds what a builder trusts: what it pushes can be read from there without saying so again.</summary>
    /// <param name="trust">What the user says.</param>
    /// <param name="builder">The builder; null adds nothing.</param>
    /// <param name="environment">The client's surroundings.</param>
    private protected static RegistryTrust WithBuilder(RegistryTrust trust, string? builder, ClientEnvironment environment)
        => builder is null ? trust : trust.With(new BuilderCatalog(environment).TrustOf(builder));
}
