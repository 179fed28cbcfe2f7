using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>Tells the frontend of a context that is no folder of this client, and of a Dockerfile that is not in the context.</summary>
internal static class ContextAttributes
{
    private const string CapabilitiesKey = "frontend.caps";
    private const string QueryCapability = "moby.buildkit.frontend.gitquerystring";

    /// <summary>Adds what there is to say.</summary>
    /// <param name="call">The call of the frontend.</param>
    /// <param name="inputs">The build's inputs.</param>
    /// <returns>The call.</returns>
    public static FrontendCall AddTo(FrontendCall call, BuildInputs inputs)
    {
        var isApart = inputs.Dockerfile.IsApart(inputs.Context);
        if (inputs.Context.Attribute is null && !isApart)
        {
            return call;
        }

        var attributes = call.Attributes.ToDictionary(StringComparer.Ordinal);
        if (inputs.Context.Attribute is { } context)
        {
            attributes["context"] = context;
        }

        if (isApart)
        {
            attributes["dockerfilekey"] = "dockerfile";
        }

        if (inputs.Context.Address is { HasQuery: true })
        {
            var all = attributes.GetValueOrDefault(CapabilitiesKey, "").Split(',', StringSplitOptions.RemoveEmptyEntries).Append(QueryCapability);
            attributes[CapabilitiesKey] = string.Join(',', all.Order(StringComparer.Ordinal));
        }

        return call with { Attributes = attributes };
    }
}
