namespace BuildxPS.Engine.Sessions;

/// <summary>Says that the session is alive. Engines ask every few seconds and drop a session that misses an answer or two.</summary>
internal sealed class HealthMethod : ISessionMethod
{
    /// <summary>The method's path.</summary>
    public const string MethodPath = "/grpc.health.v1.Health/Check";

    // HealthCheckResponse { status = 1 (SERVING) }, framed.
    private static ReadOnlySpan<byte> Serving => [0, 0, 0, 0, 2, 0x08, 0x01];

    /// <inheritdoc/>
    public string Path => MethodPath;

    /// <inheritdoc/>
    public Task InvokeAsync(ISessionCall call)
    {
        var answer = Serving;
        answer.CopyTo(call.Response.GetSpan(answer.Length));
        call.Response.Advance(answer.Length);
        return Task.CompletedTask;
    }
}
