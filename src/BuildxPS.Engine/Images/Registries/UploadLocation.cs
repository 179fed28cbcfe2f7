namespace BuildxPS.Engine.Images.Registries;

/// <summary>Reads where a registry wants an upload to go on. It is the registry's choice, and so looked at before anything goes there.</summary>
internal static class UploadLocation
{
    /// <summary>Reads the address.</summary>
    /// <param name="request">The request.</param>
    /// <param name="response">Its answer.</param>
    /// <param name="trust">What the user trusts.</param>
    /// <returns>The address; null where none is named.</returns>
    /// <exception cref="BuildxException">It is no address, or one over plain http where the registry speaks https or that the user does not trust so.</exception>
    public static Uri? Read(RegistryRequest request, RegistryResponse response, RegistryTrust trust)
    {
        if (response.Header("Location") is not { } location)
        {
            return null;
        }

        var from = response.Address;
        if (!Uri.TryCreate(from, location, out var to) || to.Scheme is not ("http" or "https") || to.UserInfo.Length > 0)
        {
            throw Refused(request, "it wants an upload to go on at something that is not an address");
        }

        if (from.Scheme == Uri.UriSchemeHttp && to.Scheme == Uri.UriSchemeHttp && !request.Host.TrustsPlainHttpTo(to, trust))
        {
            throw Refused(
                request,
                $"it wants an upload to go on at another host over plain http ({RegistryFailures.Redact(to)})",
                $"If you trust the network in between, name that host too: -InsecureRegistry {request.Host.Authority}, {to.Authority}.");
        }

        if (from.Scheme == Uri.UriSchemeHttps && to.Scheme == Uri.UriSchemeHttp)
        {
            // Behind a proxy that ends TLS, a registry takes itself for one on plain http. Its own host is asked as before.
            return to.Host.Equals(from.Host, StringComparison.OrdinalIgnoreCase)
                ? new UriBuilder(to) { Scheme = from.Scheme, Port = from.Port }.Uri
                : throw Refused(request, $"it wants an upload to go on over plain http ({RegistryFailures.Redact(to)})");
        }

        return to;
    }

    /// <summary>The failure where an address is needed and none is named.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Missing(RegistryRequest request) => Refused(request, "it does not say where an upload goes on");

    private static BuildxException Refused(RegistryRequest request, string problem, string advice = "Ask who runs the registry.") => new(
        BuildxFailure.RegistryError,
        $"The registry {request.Host.Name} did not take '{request.Subject}': {problem}.",
        advice);
}
