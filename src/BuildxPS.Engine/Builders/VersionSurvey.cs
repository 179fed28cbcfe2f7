using System.Runtime.InteropServices;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Protocol;

namespace BuildxPS.Engine.Builders;

/// <summary>Finds out which versions work together.</summary>
/// <param name="environment">Where this client runs.</param>
public sealed class VersionSurvey(ClientEnvironment environment)
{
    private static readonly BuilderSelection s_current = new();

    /// <summary>Asks a builder's nodes, and adds what is known here.</summary>
    /// <param name="selection">Which builder.</param>
    /// <param name="shellVersion">PowerShell's version.</param>
    /// <param name="timeout">How long one engine may take; zero for no limit but those of connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The versions; with <see cref="BuildxVersion.Error"/> where an engine, or the current builder, could not be asked.</returns>
    /// <exception cref="BuildxException">The builder that was named is not there, or the configuration cannot be read.</exception>
    public async Task<BuildxVersion> AskAsync(BuilderSelection selection, string shellVersion, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        var version = new BuildxVersion
        {
            ModuleVersion = Version.Parse(typeof(VersionSurvey).Assembly.GetName().Version!.ToString(3)),
            PowerShellVersion = shellVersion,
            DotNetVersion = Environment.Version,
            OperatingSystem = RuntimeInformation.OSDescription,
            BuildKitApi = ControlReflection.Descriptor.Package,
        };
        try
        {
            var builder = await new BuilderCatalog(environment).GetAsync(selection, timeout, cancellationToken).ConfigureAwait(false);
            return version with
            {
                Builder = builder.Name,
                Driver = builder.Driver,
                Nodes = builder.Nodes,
                Error = builder.Error ?? builder.Nodes.Select(n => n.Error).FirstOrDefault(e => e is not null),
            };
        }
        catch (BuildxException e) when (selection == s_current)
        {
            // Who asks which versions there are often does so because something does not work.
            return version with { Error = e.Message };
        }
    }
}
