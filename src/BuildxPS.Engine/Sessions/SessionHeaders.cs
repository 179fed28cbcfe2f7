namespace BuildxPS.Engine.Sessions;

/// <summary>The headers that open a session: who it is, and what it serves.</summary>
internal static class SessionHeaders
{
    /// <summary>Header with the session's id.</summary>
    public const string Uuid = "X-Docker-Expose-Session-Uuid";

    /// <summary>Header with the key under which the engine keeps snapshots of local files.</summary>
    public const string SharedKey = "X-Docker-Expose-Session-Sharedkey";

    /// <summary>Header that stands once for each method served.</summary>
    public const string Method = "X-Docker-Expose-Session-Grpc-Method";

    /// <summary>
    /// The methods that engines look up in the headers, in lower case. They call all others, listed or not; so where
    /// only two can be listed it is these.
    /// </summary>
    public static readonly IReadOnlyList<string> LookedUpMethods =
        ["/moby.filesync.v1.filesync/diffcopy", "/moby.filesync.v1.filesend/diffcopy"];

    /// <summary>Makes the headers.</summary>
    /// <param name="sessionId">The session's id, random and unique.</param>
    /// <param name="sharedKey">Key for snapshots of local files; may be empty.</param>
    /// <param name="methods">What is served.</param>
    /// <returns>The headers, one entry a field.</returns>
    public static IReadOnlyList<KeyValuePair<string, string>> Create(string sessionId, string sharedKey, IEnumerable<ISessionMethod> methods)
    {
        var headers = new List<KeyValuePair<string, string>>
        {
            new(Uuid, sessionId),
            new(SharedKey, sharedKey),
        };
        foreach (var method in methods.Select(m => m.Path).Append(HealthMethod.MethodPath).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            headers.Add(new(Method, method));
        }

        return headers;
    }
}
