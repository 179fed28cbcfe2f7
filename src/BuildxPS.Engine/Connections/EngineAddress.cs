using System.Globalization;

namespace BuildxPS.Engine.Connections;

/// <summary>An engine's address, parsed as docker parses what <c>DOCKER_HOST</c> and contexts hold.</summary>
internal sealed record EngineAddress
{
    private const string DefaultUnixSocket = "/var/run/docker.sock";
    private const string SupportedSchemes = "unix://PATH, npipe:////./pipe/NAME, tcp://HOST:PORT, http://HOST:PORT, https://HOST:PORT and ssh://USER@HOST";

    /// <summary>The address as the user wrote it, without a password.</summary>
    public required string Text { get; init; }

    /// <summary>The socket's path for a unix socket, else null.</summary>
    public string? SocketPath { get; init; }

    /// <summary>Machine and name of a named pipe, else null.</summary>
    public (string Server, string Name)? Pipe { get; init; }

    /// <summary>The machine for ssh, else null.</summary>
    public SshTarget? Ssh { get; init; }

    /// <summary>The host's name or IP address for TCP, else empty.</summary>
    public string Host { get; init; } = "";

    /// <summary>The TCP port, else zero.</summary>
    public int Port { get; init; }

    /// <summary>Whether the connection is encrypted.</summary>
    public bool UsesTls { get; init; }

    /// <summary>Parses an address.</summary>
    /// <param name="text">For example <c>unix:///var/run/docker.sock</c> or <c>tcp://build.example:2376</c>.</param>
    /// <param name="hasTls">Whether there is TLS material for it, which makes <c>tcp</c> encrypted and its port 2376.</param>
    /// <returns>The address.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EndpointUnsupported"/> or <see cref="BuildxFailure.EndpointInvalid"/>.</exception>
    public static EngineAddress Parse(string text, bool hasTls)
    {
        text = text.Trim();
        var schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = schemeEnd < 0 ? "tcp" : text[..schemeEnd].ToLowerInvariant();
        var rest = schemeEnd < 0 ? text : text[(schemeEnd + 3)..];
        if (text.Length == 0 || scheme.Length == 0)
        {
            throw Invalid(text, text.Length == 0 ? "it is empty" : "it has no scheme before ://");
        }

        if (schemeEnd < 0 && (text.Contains('/', StringComparison.Ordinal) || text.Contains('\\', StringComparison.Ordinal)))
        {
            throw Invalid(text, "it has no scheme");
        }

        return scheme switch
        {
            "unix" => ParseUnix(text, rest),
            "tcp" => ParseTcp(text, rest, hasTls, hasTls ? 2376 : 2375),
            // Material for TLS wins over http: what was to be encrypted never goes out in the clear.
            "http" => ParseTcp(text, rest, hasTls, 80),
            "https" => ParseTcp(text, rest, usesTls: true, 443),
            "npipe" => ParsePipe(text, rest),
            "ssh" => ParseSsh(text, rest),
            "fd" => throw Unsupported(text, scheme, "fd:// is for a daemon to listen on; name the socket that it listens on, unix://PATH."),
            _ => throw Unsupported(text, scheme, $"Addresses that can be used are {SupportedSchemes}."),
        };
    }

    private static EngineAddress ParseUnix(string text, string path)
    {
        if (path.Length == 0)
        {
            path = DefaultUnixSocket;
        }

        if (path[0] != '/')
        {
            throw Invalid(text, $"the socket's path '{DisplayText.Line(path)}' is not absolute");
        }

        if (path.Any(char.IsControl))
        {
            throw Invalid(text, "the socket's path has a control character");
        }

        // sockaddr_un holds 108 bytes on Linux with the closing zero, 104 on macOS.
        return System.Text.Encoding.UTF8.GetByteCount(path) <= 107
            ? new EngineAddress { Text = text, SocketPath = path }
            : throw Invalid(text, "the socket's path is longer than the 107 bytes that a unix socket allows");
    }

    private static EngineAddress ParsePipe(string text, string path)
    {
        // Written with either slash: npipe:////./pipe/docker_engine.
        return path.Replace('\\', '/').Split('/') is ["", "", { Length: > 0 } server, var pipe, .. { Length: > 0 } name]
            && pipe.Equals("pipe", StringComparison.OrdinalIgnoreCase) && name.All(part => part.Length > 0 && !part.Any(char.IsControl))
            ? new EngineAddress { Text = text, Pipe = (server, string.Join('\\', name)) }
            : throw Invalid(text, "it is not the name of a pipe, as in npipe:////./pipe/docker_engine");
    }

    private static EngineAddress ParseSsh(string text, string rest)
    {
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? rest : rest[..slash];
        var path = slash < 0 ? "" : rest[slash..];
        if (rest.AsSpan().IndexOfAny("?#") >= 0)
        {
            throw Invalid(text, "it has a query or a fragment, which ssh addresses do not take");
        }

        var at = authority.LastIndexOf('@');
        var user = at < 0 ? null : authority[..at];
        if (user is not null && user.Contains(':', StringComparison.Ordinal))
        {
            throw Invalid(text, "it has a password, which would be in plain text; use a key");
        }

        var (host, port) = SplitPort(text, authority[(at + 1)..]);
        host = host.Trim('[', ']');

        // A name that begins with a dash would be an option to ssh.
        return host.Length > 0 && host[0] != '-' && user is null or { Length: > 0 } && !rest.Any(c => char.IsControl(c) || c == ' ')
            ? new EngineAddress { Text = text, Ssh = new SshTarget { Host = host, User = user, Port = port, SocketPath = path.Length > 1 ? path : null } }
            : throw Invalid(text, "it names no host that ssh could reach, as in ssh://user@host");
    }

    private static EngineAddress ParseTcp(string text, string authority, bool usesTls, int defaultPort)
    {
        authority = authority.TrimEnd('/');
        if (authority.Contains('@', StringComparison.Ordinal))
        {
            throw Invalid(text, "it has a user name, which engines do not take");
        }

        if (authority.AsSpan().IndexOfAny("/?#\\") >= 0)
        {
            throw Invalid(text, "it has a path, a query or a fragment behind the host and port");
        }

        var (host, port) = SplitPort(text, authority);
        if (host.Length == 0)
        {
            host = "localhost";
        }

        if (Uri.CheckHostName(host) is UriHostNameType.Unknown or UriHostNameType.Basic)
        {
            throw Invalid(text, $"the host '{DisplayText.Line(host)}' is neither a name nor an IP address");
        }

        return new EngineAddress { Text = text, Host = host.Trim('[', ']'), Port = port ?? defaultPort, UsesTls = usesTls };
    }

    private static (string Host, int? Port) SplitPort(string text, string authority)
    {
        var colon = authority.LastIndexOf(':');
        if (colon < 0 || authority.EndsWith(']'))
        {
            return (authority, null);
        }

        var host = authority[..colon];
        if (host.Contains(':', StringComparison.Ordinal) && !host.EndsWith(']'))
        {
            throw Invalid(text, "an IPv6 address must stand in brackets, as in tcp://[::1]:2375");
        }

        var digits = authority[(colon + 1)..];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? (host, port)
            : throw Invalid(text, $"the port '{DisplayText.Line(digits)}' is not a number from 1 to 65535");
    }

    private static BuildxException Invalid(string text, string reason) => new(
        BuildxFailure.EndpointInvalid,
        $"The engine address '{Redact(text)}' is not valid: {reason}.",
        $"Write it as one of {SupportedSchemes}.");

    private static BuildxException Unsupported(string text, string scheme, string advice) => new(
        BuildxFailure.EndpointUnsupported,
        $"The engine address '{Redact(text)}' uses {DisplayText.Line(scheme)}://, which cannot be used here; unix://, npipe://, tcp://, http://, https:// and ssh:// can.",
        advice);

    private static string Redact(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var at = text.LastIndexOf('@');
        var colon = start < 3 || at < start ? -1 : text.IndexOf(':', start, at - start);
        return DisplayText.Line(colon < 0 ? text : string.Concat(text.AsSpan(0, colon), ":***", text.AsSpan(at)));
    }
}
