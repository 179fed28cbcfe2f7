using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>How an engine says that it does not have a method.</summary>
internal static class UnknownMethod
{
    private const long StreamClosed = 0x5;

    /// <summary>Whether a call failed because the engine does not have its method.</summary>
    /// <param name="error">How the call failed.</param>
    /// <returns>
    /// True for gRPC's own status, and for a stream that was closed while the request was still on its way: 20.10 refuses
    /// an unknown method at its headers, and answers what follows with a reset that can overtake the status.
    /// </returns>
    public static bool IsSaidBy(RpcException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (error.StatusCode == StatusCode.Unimplemented)
        {
            return true;
        }

        for (var cause = error.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException { ErrorCode: StreamClosed })
            {
                return true;
            }
        }

        return false;
    }
}
