using System.Net;
using System.Net.WebSockets;
using k8s;
using k8s.Autorest;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>
/// Builds WebSockets for commands in pods, which offer version 5 of the protocol before the version 4 that is asked for: an API
/// server takes the first that it knows. A peer that is gone is noticed, and a refusal keeps its status.
/// </summary>
internal sealed class PodExecSocket : WebSocketBuilder
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Makes a builder. Nothing is contacted.</summary>
    public PodExecSocket()
    {
        Options.AddSubProtocol(WebSocketProtocol.V5BinaryWebsocketProtocol);
        Options.KeepAliveInterval = s_interval;
        Options.KeepAliveTimeout = s_patience;
        Options.CollectHttpResponseDetails = true;
    }

    /// <inheritdoc/>
    public override async Task<WebSocket> BuildAndConnectAsync(Uri uri, CancellationToken cancellationToken)
    {
        try
        {
            return await base.BuildAndConnectAsync(uri, cancellationToken).ConfigureAwait(false);
        }
        catch (WebSocketException e) when (WebSocket.HttpStatusCode is >= HttpStatusCode.BadRequest and var status)
        {
            using var response = new HttpResponseMessage(status);
            throw new HttpOperationException(e.Message, e) { Response = new HttpResponseMessageWrapper(response, "") };
        }
    }
}
