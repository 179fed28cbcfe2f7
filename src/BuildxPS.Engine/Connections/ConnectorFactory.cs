using System.Net.Security;

namespace BuildxPS.Engine.Connections;

/// <summary>Finds the connector for an address.</summary>
internal static class ConnectorFactory
{
    /// <summary>How long a connection may take to come up, TLS included.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Creates a connector. Nothing is contacted.</summary>
    /// <param name="endpoint">The address and its certificates.</param>
    /// <param name="protocol">What is spoken over it, offered in TLS where there is TLS.</param>
    /// <param name="timeout">How long a connection may take to come up; null for 20 seconds.</param>
    /// <returns>The connector.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EndpointUnsupported"/> or <see cref="BuildxFailure.EndpointInvalid"/>.</exception>
    public static IConnector Create(EngineEndpoint endpoint, SslApplicationProtocol protocol, TimeSpan? timeout = null)
    {
        var address = EngineAddress.Parse(endpoint.Address, endpoint.Tls is not null);
        var failures = new ConnectFailures(address.Text, endpoint.Origin);
        if (address.SocketPath is { } path)
        {
            return new UnixSocketConnector(path, failures, timeout ?? DefaultTimeout);
        }

        if (address.Ssh is { } target)
        {
            return Create(target, target.DockerCommand, address.Text, timeout);
        }

        if (address.Pipe is { } pipe)
        {
            return OperatingSystem.IsWindows()
                ? new NamedPipeConnector(pipe.Server, pipe.Name, failures, timeout ?? DefaultTimeout)
                : throw new BuildxException(
                    BuildxFailure.EndpointUnsupported,
                    $"The engine address '{address.Text}' is a named pipe of Windows, which this operating system does not have.",
                    "Name the engine as unix://PATH, tcp://HOST:PORT or ssh://USER@HOST.");
        }

        var tls = address.UsesTls ? endpoint.Tls ?? new TlsMaterial() : null;
        return new TcpConnector(address.Host, address.Port, tls, protocol, failures, timeout ?? DefaultTimeout);
    }

    /// <summary>Creates a connector through ssh. Nothing is started.</summary>
    /// <param name="target">The machine.</param>
    /// <param name="command">What runs there to reach the engine.</param>
    /// <param name="address">The engine's address, for messages.</param>
    /// <param name="timeout">How long a connection may take to come up; null for 20 seconds.</param>
    /// <returns>The connector.</returns>
    public static IConnector Create(SshTarget target, string command, string address, TimeSpan? timeout = null)
        => new SshConnector(target, command, new SshFailures(address, target, command), timeout ?? DefaultTimeout);
}
