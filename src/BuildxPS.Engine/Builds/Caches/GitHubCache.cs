using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>What a cache of the type <c>gha</c> needs of GitHub Actions: its runner tells a job by variables, of which the engine sees none.</summary>
internal static class GitHubCache
{
    private const string Token = "ACTIONS_RUNTIME_TOKEN";
    private const string OldAddress = "ACTIONS_CACHE_URL";
    private const string NewAddress = "ACTIONS_RESULTS_URL";

    /// <summary>Adds what the user did not give.</summary>
    /// <param name="attributes">The cache's attributes.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>What is missing still, so that no engine could use the cache; null where nothing is.</returns>
    public static string? Complete(Dictionary<string, string> attributes, ClientEnvironment environment)
    {
        Add("token", Token);
        if (IsSecondVersion(attributes, environment))
        {
            Add("url_v2", NewAddress);
        }

        // A variable that is set to nothing counts as set, as in buildx.
        Add("url", environment.Variables.ContainsKey(OldAddress) ? OldAddress : NewAddress);
        return !Has("token") ? $"it has no token, and {Token} is not set"
            : !Has("url") && !Has("url_v2") ? $"it has no url, and neither {OldAddress} nor {NewAddress} is set"
            : null;

        void Add(string key, string variable)
        {
            if (!attributes.ContainsKey(key) && environment.Variables.TryGetValue(variable, out var value))
            {
                attributes[key] = value;
            }
        }

        bool Has(string key) => attributes.TryGetValue(key, out var value) && value.Length > 0;
    }

    private static bool IsSecondVersion(Dictionary<string, string> attributes, ClientEnvironment environment)
        => attributes.TryGetValue("version", out var version)
            ? version == "2"
            : environment["ACTIONS_CACHE_SERVICE_V2"] is { } switched && GoText.Boolean(switched) == true;
}
