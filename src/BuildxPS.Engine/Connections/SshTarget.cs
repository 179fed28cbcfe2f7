using System.Globalization;

namespace BuildxPS.Engine.Connections;

/// <summary>A machine that is reached through the system's own ssh: with its settings, its agent, its known hosts.</summary>
internal sealed record SshTarget
{
    /// <summary>The host, or a name that ssh's settings know.</summary>
    public required string Host { get; init; }

    /// <summary>The user there; null for ssh's own choice.</summary>
    public string? User { get; init; }

    /// <summary>The port; null for ssh's own choice.</summary>
    public int? Port { get; init; }

    /// <summary>The socket of the engine there; null for its usual one.</summary>
    public string? SocketPath { get; init; }

    /// <summary>What runs there to reach a docker daemon, as docker's own client does it.</summary>
    public string DockerCommand => SocketPath is null
        ? "docker system dial-stdio"
        : $"docker --host=unix://{Quoted(SocketPath)} system dial-stdio";

    /// <summary>What runs there to reach a BuildKit.</summary>
    public string BuildKitCommand => SocketPath is null ? "buildctl dial-stdio" : $"buildctl --addr unix://{Quoted(SocketPath)} dial-stdio";

    /// <summary>The arguments of ssh.</summary>
    /// <param name="command">What runs there.</param>
    /// <param name="timeout">How long the connection may take.</param>
    /// <returns>The arguments. ssh never asks anything: nobody may be there to answer, and its standard input is ours.</returns>
    public IReadOnlyList<string> Arguments(string command, TimeSpan timeout) =>
    [
        .. User is null ? Array.Empty<string>() : ["-l", User],
        .. Port is not { } port ? Array.Empty<string>() : ["-p", port.ToString(CultureInfo.InvariantCulture)],
        "-o", "BatchMode=yes",
        "-o", $"ConnectTimeout={Math.Max(1, (int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)}",
        "-T", "--", Host, command,
    ];

    /// <summary>A path for the shell that ssh hands the command to.</summary>
    private static string Quoted(string path)
        => path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+') ? path : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
