using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>
/// Gives the frontend repositories ready made instead of their addresses, with what a query says of them: for frontends that
/// do not know queries. Asked for with buildx's <c>BUILDX_SEND_GIT_QUERY_AS_INPUT</c>.
/// </summary>
internal static class RepositoryInputs
{
    private const string Switch = "BUILDX_SEND_GIT_QUERY_AS_INPUT";
    private const string CapabilitiesKey = "frontend.caps";
    private const string QueryCapability = "moby.buildkit.frontend.gitquerystring";
    private const string NamedPrefix = "context:";

    /// <summary>Replaces addresses by inputs.</summary>
    /// <param name="call">The call of the frontend, with all contexts.</param>
    /// <param name="inputs">The build's inputs.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The call.</returns>
    public static FrontendCall AddTo(FrontendCall call, BuildInputs inputs, ClientEnvironment environment)
    {
        if (!GoText.Switch(environment, Switch))
        {
            return call;
        }

        var attributes = call.Attributes.ToDictionary(StringComparer.Ordinal);
        var sources = new Dictionary<string, RepositorySource>(StringComparer.Ordinal);
        if (inputs.Context.Address is { HasQuery: true } main)
        {
            sources["context"] = Source(main, GoText.Boolean(attributes.GetValueOrDefault("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR", "")) == true);
            if (!inputs.Dockerfile.IsApart(inputs.Context))
            {
                sources["dockerfile"] = sources["context"];
            }

            attributes.Remove("context");
            attributes["input:context"] = main.Text;
        }

        foreach (var context in inputs.Contexts.Where(c => c.Spec.Kind == BuildContextKind.Address))
        {
            var address = BuildAddress.Parse(context.Spec.Location, "The build context");
            if (address.HasQuery)
            {
                var key = NamedPrefix + context.Spec.Name;
                sources["git_state_" + key] = Source(address, keepsGitFolder: false);
                attributes[key] = "input:git_state_" + key;
                attributes["input:" + key] = address.Text;
            }
        }

        var capabilities = attributes.GetValueOrDefault(CapabilitiesKey, "").Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Where(c => !c.StartsWith(QueryCapability, StringComparison.Ordinal)).ToList();
        attributes.Remove(CapabilitiesKey);
        if (capabilities.Count > 0)
        {
            attributes[CapabilitiesKey] = string.Join(',', capabilities);
        }

        return call with { Attributes = attributes, Inputs = sources };
    }

    private static RepositorySource Source(BuildAddress address, bool keepsGitFolder) => new()
    {
        Remote = address.Remote,
        StepName = "[internal] load git source " + BuildAddress.Show(address.Text),
        Reference = address.Git!.Reference,
        Subfolder = address.Git.Subfolder,
        Checksum = address.Git.Checksum,
        KeepsGitFolder = keepsGitFolder || address.Git.KeepsGitFolder == true,
        SkipsSubmodules = address.Git.HasSubmodules == false,
        Times = address.Git.Times,
        FetchesCommit = address.Git.FetchesCommit,
    };
}
