using System.Globalization;
using System.Text;

namespace BuildxPS.Engine.Connections;

/// <summary>
/// Turns a fresh connection to a docker daemon into a byte tunnel by an HTTP/1.1 upgrade. The one implementation for
/// <c>/grpc</c>, <c>/session</c> and exec: <see cref="HttpClient"/> would join equal headers and hide the tunnel's half-close.
/// </summary>
internal static class ConnectionUpgrade
{
    private const string TryAgain = "Try again; if it stays so, look at the engine's own log.";

    /// <summary>Connects and upgrades.</summary>
    /// <param name="connector">Reaches the daemon.</param>
    /// <param name="request">What to ask for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The tunnel, which implements <see cref="IHalfCloseable"/> and owns the connection.</returns>
    /// <exception cref="BuildxException">The daemon could not be reached, did not answer in time, or refused.</exception>
    public static async Task<Stream> OpenAsync(IConnector connector, UpgradeRequest request, CancellationToken cancellationToken)
    {
        var bytes = Serialize(request);
        var connection = await connector.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await UpgradeAsync(connection, connector.Address, request, bytes, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<Stream> UpgradeAsync(
        Stream connection, string address, UpgradeRequest request, byte[] bytes, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(request.Timeout);
        try
        {
            await connection.WriteAsync(bytes, limit.Token).ConfigureAwait(false);
            await connection.FlushAsync(limit.Token).ConfigureAwait(false);
            var answer = await UpgradeResponse.ReadAsync(connection, limit.Token).ConfigureAwait(false);
            if (answer.Status == 101 || (answer.Status == 200 && request.AcceptsOk))
            {
                return new UpgradedStream(connection, answer.Rest);
            }

            var message = await answer.ReadMessageAsync(connection, limit.Token).ConfigureAwait(false);
            throw DockerRefusal.Create(address, $"POST {request.Path}", answer.Status, message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BuildxException(
                BuildxFailure.TimedOut,
                FormattableString.Invariant($"The engine at {address} did not answer to POST {request.Path} within {request.Timeout.TotalSeconds:0.#} s."),
                "The engine is reachable but hangs or is overloaded: look at its own log, or restart it.")
            { IsTransient = true };
        }
        catch (InvalidDataException e)
        {
            throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"What answers at {address} to POST {request.Path} does not speak HTTP as a docker daemon does: {e.Message}.",
                "Check that the address is a docker daemon's and no other service's.",
                e);
        }
        catch (IOException e)
        {
            throw new BuildxException(
                BuildxFailure.EngineLost,
                $"The connection to the engine at {address} broke before it answered to POST {request.Path}: {DisplayText.Line(e.Message)}",
                TryAgain,
                e)
            { IsTransient = true };
        }
    }

    private static byte[] Serialize(UpgradeRequest request)
    {
        var head = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"POST {request.Path} HTTP/1.1\r\nHost: docker.example.com\r\nConnection: Upgrade\r\nUpgrade: {request.Protocol}\r\n");
        foreach (var (name, value) in request.Headers)
        {
            if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-') || value.Any(char.IsControl))
            {
                throw new BuildxException(
                    BuildxFailure.ArgumentInvalid,
                    $"The header '{DisplayText.Line(name)}' cannot be sent with the value '{DisplayText.Line(value)}': it has a control character.",
                    "Rename what the value comes from, for example the build context's folder.");
            }

            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        if (!request.JsonBody.IsEmpty)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {request.JsonBody.Length}\r\n");
        }
        else
        {
            head.Append("Content-Length: 0\r\n");
        }

        return [.. Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()), .. request.JsonBody.Span];
    }
}
