using BuildxPS.Engine.Connections;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>Opens session tunnels through the engine's own control service, on the connection that is there already.</summary>
/// <param name="invoker">Calls the engine; sends the methods' headers as separate fields (<see cref="SessionHeaderHandler"/>).</param>
internal sealed class ControlSessionTransport(CallInvoker invoker) : ISessionTransport
{
    /// <inheritdoc/>
    public ValueTask<Stream> OpenAsync(IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var metadata = new Metadata();
        foreach (var (name, value) in headers)
        {
            metadata.Add(name.ToLowerInvariant(), value);
        }

        // The tunnel outlives this call, so it does not take its token; whoever disposes the stream ends it.
        var call = invoker.AsyncDuplexStreamingCall(ControlMethods.Session, null, new CallOptions(metadata, cancellationToken: CancellationToken.None));
        return ValueTask.FromResult<Stream>(new TunnelStream(call));
    }
}
