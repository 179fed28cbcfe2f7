using System.ComponentModel;
using System.Net.Sockets;

namespace BuildxPS.Engine.Connections;

/// <summary>Puts what can go wrong on the way to one engine into words that name it and why it was chosen.</summary>
internal sealed class ConnectFailures(string address, string origin)
{
    private const string StartAdvice =
        "Start the engine, or name another one with -Context, -DockerHost or the variable DOCKER_HOST.";

    /// <summary>The address.</summary>
    public string Address => address;

    private string Where => origin.Length == 0 ? address : $"{address} ({origin})";

    /// <summary>Nothing answers.</summary>
    public BuildxException Unreachable(string reason, Exception? inner = null, string advice = StartAdvice) => new(
        BuildxFailure.EngineUnreachable, $"No engine answers at {Where}: {reason}.", advice, inner)
    {
        IsTransient = true,
    };

    /// <summary>The connection did not come up in time.</summary>
    public BuildxException TimedOut(TimeSpan timeout) => Unreachable(
        FormattableString.Invariant($"the connection did not come up within {timeout.TotalSeconds:0.#} s"),
        advice: "Check that the host runs and that no firewall is between; or name another engine with -Context or -DockerHost.");

    /// <summary>The operating system or the engine refuses this user.</summary>
    public BuildxException AccessDenied(string reason, string advice, Exception? inner = null) => new(
        BuildxFailure.EngineAccessDenied, $"The engine at {Where} refuses this user: {reason}.", advice, inner);

    /// <summary>One side does not accept the other's certificate.</summary>
    public BuildxException Certificate(string reason, string advice, Exception? inner = null) => new(
        BuildxFailure.EngineCertificateInvalid, $"There is no trust between this client and the engine at {Where}: {reason}.", advice, inner);

    /// <summary>The connection broke before or while the engine answered.</summary>
    public BuildxException Lost(string reason, Exception? inner = null) => new(
        BuildxFailure.EngineLost, $"The connection to the engine at {Where} broke: {reason}.",
        "Try again; if it stays so, look at the engine's own log.", inner)
    {
        IsTransient = true,
    };

    /// <summary>What a socket's error means.</summary>
    public BuildxException FromSocket(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => Unreachable("the connection was refused, nothing listens there", e),
        SocketError.AccessDenied => AccessDenied("the operating system denies access to its socket",
            "Run as a user who may use the socket (for docker: a member of the group docker), or as an administrator.", e),
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain
            => Unreachable("its host name cannot be resolved", e, "Check the name and the DNS settings of this machine."),
        SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable
            => Unreachable("its host cannot be reached from here", e, "Check that the host runs and that no firewall is between."),
        _ => Unreachable(new Win32Exception(e.NativeErrorCode).Message, e),
    };
}
