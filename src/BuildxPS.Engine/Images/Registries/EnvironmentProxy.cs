using System.Net;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// The proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Go programs, and so docker, read them. .NET's own reading
/// differs: it takes ALL_PROXY, knows no networks in NO_PROXY, and asks the process instead of our snapshot.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy
{
    private readonly Uri? _http;
    private readonly Uri? _https;
    private readonly string[] _exceptions;

    private EnvironmentProxy(Uri? http, Uri? https, string[] exceptions)
    {
        (_http, _https, _exceptions) = (http, https, exceptions);
        Credentials = new UserInfoCredentials();
    }

    /// <inheritdoc/>
    public ICredentials? Credentials { get; set; }

    /// <summary>Whether an address holds a user or password, which must not stay in a shared pool.</summary>
    public bool HasCredentials => _http?.UserInfo.Length > 0 || _https?.UserInfo.Length > 0;

    /// <summary>Tells equal settings apart from others.</summary>
    public string Key => $"{_http} {_https} {string.Join(',', _exceptions)}";

    /// <summary>Reads the settings.</summary>
    /// <param name="environment">Where from.</param>
    /// <returns>Null where no proxy is set.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>, naming the variable.</exception>
    public static EnvironmentProxy? Read(ClientEnvironment environment)
    {
        var http = Address(environment, "HTTP_PROXY");
        var https = Address(environment, "HTTPS_PROXY");
        var exceptions = (environment["NO_PROXY"] ?? environment["no_proxy"] ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return http is null && https is null ? null : new EnvironmentProxy(http, https, exceptions);
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination)
        => IsBypassed(destination) ? null : destination.Scheme == Uri.UriSchemeHttps ? _https : _http;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host)
    {
        var name = host.DnsSafeHost;
        var ip = IPAddress.TryParse(name, out var parsed) ? parsed : null;
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (ip is not null && IPAddress.IsLoopback(ip))
            || (host.Scheme == Uri.UriSchemeHttps ? _https : _http) is null
            || _exceptions.Any(e => Matches(e, name, host.Port, ip));
    }

    private static bool Matches(string exception, string name, int port, IPAddress? ip)
    {
        if (exception == "*")
        {
            return true;
        }

        if (ip is not null && IPNetwork.TryParse(exception, out var network))
        {
            return network.Contains(ip);
        }

        var colon = exception.LastIndexOf(':');
        if (colon > 0 && exception.IndexOf(':', StringComparison.Ordinal) == colon && int.TryParse(exception.AsSpan(colon + 1), out var only))
        {
            if (only != port)
            {
                return false;
            }

            exception = exception[..colon];
        }

        exception = exception.StartsWith("*.", StringComparison.Ordinal) ? exception[1..] : exception;
        return exception.StartsWith('.')
            ? name.EndsWith(exception, StringComparison.OrdinalIgnoreCase)
            : name.Equals(exception.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)
                || (ip is null && name.EndsWith("." + exception, StringComparison.OrdinalIgnoreCase));
    }

    private static Uri? Address(ClientEnvironment environment, string variable)
    {
        if ((environment[variable] ?? environment[variable.ToLowerInvariant()]) is not { } text)
        {
            return null;
        }

        var address = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "socks5"
            ? uri
            : throw new BuildxException(
                BuildxFailure.ConfigurationInvalid,
                $"The environment variable {variable} is not a proxy's address.",
                "Write it as http://HOST:PORT, or unset it.");
    }

    private sealed class UserInfoCredentials : ICredentials
    {
        public NetworkCredential? GetCredential(Uri uri, string authType)
        {
            if (uri.UserInfo.Length == 0)
            {
                return null;
            }

            var colon = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
            return colon < 0
                ? new NetworkCredential(Uri.UnescapeDataString(uri.UserInfo), "")
                : new NetworkCredential(Uri.UnescapeDataString(uri.UserInfo[..colon]), Uri.UnescapeDataString(uri.UserInfo[(colon + 1)..]));
        }
    }
}
