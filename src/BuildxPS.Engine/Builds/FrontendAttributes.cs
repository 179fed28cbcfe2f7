using BuildxPS.Engine.Builds.Attestations;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>A request in the words of BuildKit's Dockerfile frontend, as buildx sends it.</summary>
internal static class FrontendAttributes
{
    /// <summary>Makes the call of the frontend.</summary>
    /// <param name="request">The request, checked.</param>
    /// <param name="dockerfileName">The Dockerfile's name in its folder.</param>
    /// <param name="platforms">The platforms that this engine builds; empty means its own.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <param name="features">What its driver can do.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="proxies">Proxy variables of the docker configuration, by name.</param>
    /// <returns>The frontend and its attributes.</returns>
    public static FrontendCall Create(
        BuildRequest request,
        string dockerfileName,
        IReadOnlyList<Platform> platforms,
        EngineDescription engine,
        DriverFeatures features,
        ClientEnvironment environment,
        IReadOnlyDictionary<string, string> proxies)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal) { ["filename"] = dockerfileName };
        AddArguments(attributes, request, environment, proxies);
        foreach (var (name, value) in request.Labels)
        {
            attributes["label:" + name] = value;
        }

        if (!string.IsNullOrEmpty(request.Target))
        {
            attributes["target"] = request.Target;
        }

        if (request.Pull)
        {
            attributes["image-resolve-mode"] = "pull";
        }
        else if (features.IsDockerDaemon)
        {
            attributes["image-resolve-mode"] = "local";
        }

        if (platforms.Count > 0)
        {
            attributes["platform"] = string.Join(',', platforms);
        }

        FrontendOptions.Add(attributes, request, engine, features);
        AttestationPlan.Add(attributes, request, engine, features, environment);
        return new FrontendCall { Frontend = ChooseFrontend(request, attributes), Attributes = attributes };
    }

    private static void AddArguments(
        Dictionary<string, string> attributes,
        BuildRequest request,
        ClientEnvironment environment,
        IReadOnlyDictionary<string, string> proxies)
    {
        foreach (var (name, value) in request.BuildArguments)
        {
            attributes["build-arg:" + name] = value;
        }

        foreach (var (name, value) in proxies)
        {
            if (!request.BuildArguments.Keys.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                attributes["build-arg:" + name] = value;
            }
        }

        if (environment["SOURCE_DATE_EPOCH"] is { } epoch)
        {
            attributes.TryAdd("build-arg:SOURCE_DATE_EPOCH", epoch);
        }

        if (request.BuildArguments.TryGetValue("BUILDKIT_MULTI_PLATFORM", out var multi) && GoText.Boolean(multi) == true)
        {
            attributes["multi-platform"] = "true";
        }
    }

    /// <summary>A frontend image can stand in for the engine's own frontend.</summary>
    private static string ChooseFrontend(BuildRequest request, Dictionary<string, string> attributes)
    {
        if (!request.BuildArguments.TryGetValue("BUILDKIT_SYNTAX", out var syntax))
        {
            return "dockerfile.v0";
        }

        attributes["source"] = syntax.Trim().Split(' ')[0];
        attributes["cmdline"] = syntax;
        return "gateway.v0";
    }
}
