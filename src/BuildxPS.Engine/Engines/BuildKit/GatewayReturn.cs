namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>
/// The one place that makes the message which ends a build. With neither field set it would crash the engine, and
/// every build on it.
/// </summary>
internal static class GatewayReturn
{
    /// <summary>Ends with a result, exactly as the engine gave it.</summary>
    /// <param name="result">The result.</param>
    /// <returns>The message.</returns>
    public static Protocol.Gateway.ReturnRequest Of(Protocol.Gateway.Result result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new Protocol.Gateway.ReturnRequest { Result = result };
    }

    /// <summary>Ends with an error.</summary>
    /// <param name="error">The error.</param>
    /// <returns>The message.</returns>
    public static Protocol.Gateway.ReturnRequest Of(Protocol.Rpc.Status error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new Protocol.Gateway.ReturnRequest { Error = error };
    }
}
