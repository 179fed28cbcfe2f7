using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Checks a login against its registry and keeps it where docker and buildx look: <c>docker login</c>.</summary>
[Cmdlet(VerbsCommunications.Connect, "BuildxRegistry", SupportsShouldProcess = true)]
[OutputType(typeof(RegistryLogin))]
public sealed class ConnectBuildxRegistryCommand : RegistryCommand
{
    /// <summary>The registry: <c>registry.local:5000</c>; without it Docker Hub.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RegistryCompleter))]
    public string Registry { get; set; } = "docker.io";

    /// <summary>The user and the password, or the access token in its place.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [Credential]
    public PSCredential Credential { get; set; } = PSCredential.Empty;

    /// <summary>Keeps the password unencrypted in docker's <c>config.json</c>, where no credential helper is configured.</summary>
    [Parameter]
    public SwitchParameter UseFile { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Registry, () =>
    {
        var environment = ClientEnvironment.Read();
        var logins = new RegistryLogins(environment);
        var plan = logins.Plan(TrustArguments.HostOf(Registry, "-Registry"), Credential.UserName, UseFile);
        var trust = WithBuilder(ReadTrust(), Builder, environment);
        var password = Credential.GetNetworkCredential().Password;
        if (password.Length == 0)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The login for {plan.Registry} has no password.",
                "Give a PSCredential with one: Get-Credential asks for it.");
        }

        if (!ShouldProcess(plan.Registry, $"Log in as '{plan.UserName}' and keep the login in {plan.Store}"))
        {
            return;
        }

        var log = new RegistryLog();
        try
        {
            var (login, warnings) = Run(token => logins.ConnectAsync(plan, password, trust, log.Add, token));
            Report(log);
            foreach (var warning in warnings)
            {
                WriteWarning(warning);
            }

            WriteObject(login);
        }
        catch (BuildxException)
        {
            Report(log);
            throw;
        }
    });

    private void Report(RegistryLog log)
    {
        foreach (var line in log.Take())
        {
            WriteVerbose(line);
        }
    }
}
