using k8s;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>WebSockets for commands in pods.</summary>
internal static class PodExecSocket
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Makes the builder of a socket that offers version 5 of the protocol before the version 4 that is asked for: an API
    /// server takes the first that it knows. A peer that is gone is noticed.
    /// </summary>
    /// <returns>The builder.</returns>
    public static WebSocketBuilder Builder()
    {
        var builder = new WebSocketBuilder();
        builder.Options.AddSubProtocol(WebSocketProtocol.V5BinaryWebsocketProtocol);
        builder.Options.KeepAliveInterval = s_interval;
        builder.Options.KeepAliveTimeout = s_patience;
        return builder;
    }
}
