namespace BuildxPS.Engine.Connections;

/// <summary>
/// Reaches the BuildKit inside a docker daemon: up to 29.1 behind an upgrade of <c>/grpc</c>, later directly on the
/// API's own socket, where the upgrade is deprecated.
/// </summary>
/// <param name="upgradable">Reaches the daemon for HTTP/1.1.</param>
/// <param name="direct">Reaches the daemon for HTTP/2.</param>
/// <param name="apiVersion">The daemon's API version.</param>
internal sealed class DockerGrpcConnector(IConnector upgradable, IConnector direct, Version apiVersion) : IConnector
{
    private static readonly Version s_direct = new(1, 53);

    /// <inheritdoc/>
    public string Address => upgradable.Address;

    /// <summary>Whether an engine of an API version takes gRPC on its API socket.</summary>
    /// <param name="apiVersion">The daemon's API version.</param>
    /// <returns>True from 1.53 on.</returns>
    public static bool IsDirect(Version apiVersion) => apiVersion >= s_direct;

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
        => IsDirect(apiVersion)
            ? await direct.ConnectAsync(cancellationToken).ConfigureAwait(false)
            : await ConnectionUpgrade.OpenAsync(upgradable, new UpgradeRequest { Path = "/grpc", Protocol = "h2c" }, cancellationToken)
                .ConfigureAwait(false);
}
