using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Connections;

/// <summary>Reaches the BuildKit in a container through <c>buildctl dial-stdio</c>, which the docker daemon runs there.</summary>
/// <param name="daemon">The daemon.</param>
/// <param name="container">The container's name.</param>
internal sealed class ExecConnector(DockerDaemon daemon, string container) : IConnector
{
    private static readonly string[] s_dial = ["buildctl", "dial-stdio"];

    /// <inheritdoc/>
    public string Address => $"{daemon.Address}, container {container}";

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
        => (await daemon.ExecuteAsync(container, s_dial, expectsText: false, cancellationToken).ConfigureAwait(false)).Stream;
}
