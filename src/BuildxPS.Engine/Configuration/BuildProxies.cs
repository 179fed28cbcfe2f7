namespace BuildxPS.Engine.Configuration;

/// <summary>The proxies that docker's configuration gives to builds.</summary>
public static class BuildProxies
{
    /// <summary>
    /// The build arguments for a daemon's proxies: <c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c>, <c>NO_PROXY</c> and <c>FTP_PROXY</c>,
    /// those that are set. A build leaves out one that the user gave, in any case.
    /// </summary>
    /// <param name="configuration">Docker's configuration.</param>
    /// <param name="daemonHost">The daemon's address, as in <see cref="DockerContext.Endpoint"/>.</param>
    /// <returns>Values by upper-case name. A value may hold a password.</returns>
    public static IReadOnlyDictionary<string, string> For(DockerConfiguration configuration, string daemonHost)
    {
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        ProxyJson? proxies = null;
        if (configuration.Proxies is not { } all
            || !(all.TryGetValue(daemonHost, out proxies) || all.TryGetValue("default", out proxies))
            || proxies is null)
        {
            return arguments;
        }

        Add("HTTP_PROXY", proxies.HttpProxy);
        Add("HTTPS_PROXY", proxies.HttpsProxy);
        Add("NO_PROXY", proxies.NoProxy);
        Add("FTP_PROXY", proxies.FtpProxy);
        return arguments;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                arguments[name] = value;
            }
        }
    }
}
