using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Removes the login for a registry from its credential helper and from docker's file: <c>docker logout</c>.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "BuildxRegistry", SupportsShouldProcess = true)]
[OutputType(typeof(RegistryLogin))]
public sealed class DisconnectBuildxRegistryCommand : BuildxCommand
{
    /// <summary>The registries: <c>registry.local:5000</c>, or logins; without it Docker Hub.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RegistryCompleter))]
    public string[] Registry { get; set; } = ["docker.io"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var registry in Registry)
        {
            ForInput(registry, () => Remove(TrustArguments.HostOf(registry, "-Registry")));
        }
    }

    private void Remove(string registry)
    {
        var logins = new RegistryLogins(ClientEnvironment.Read());
        var login = Run(token => logins.FindAsync(registry, token));
        if (!ShouldProcess(registry, login is null ? "Remove the login" : $"Remove the login from {login.Store}"))
        {
            return;
        }

        Run(token => logins.DisconnectAsync(registry, token));
        if (login is null)
        {
            WriteWarning($"There was no login for {registry}.");
        }
        else
        {
            WriteObject(login);
        }
    }
}
