namespace BuildxPS.Engine.Connections;

/// <summary>Opens sessions by a docker daemon's upgrade of <c>/session</c>.</summary>
internal sealed class DockerSessionTransport(IConnector connector) : ISessionTransport
{
    /// <inheritdoc/>
    public async ValueTask<Stream> OpenAsync(
        IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
        => await ConnectionUpgrade.OpenAsync(
            connector,
            new UpgradeRequest { Path = "/session", Protocol = "h2c", Headers = headers },
            cancellationToken).ConfigureAwait(false);
}
