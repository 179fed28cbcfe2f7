using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>How a transfer's failures reach the engine and the user.</summary>
internal static class Transfer
{
    private static readonly TimeSpan s_errorTime = TimeSpan.FromSeconds(5);

    /// <summary>Runs a transfer; on failure tells the engine why, and hands the cause to the build.</summary>
    /// <param name="run">The transfer.</param>
    /// <param name="output">Where the engine is told, or null where the protocol has no word for it but the call's status.</param>
    /// <param name="call">The call.</param>
    /// <param name="onFailure">Takes the cause.</param>
    /// <returns>A task.</returns>
    /// <exception cref="SessionStatusException">The transfer failed.</exception>
    public static async Task RunAsync(Func<Task> run, PacketWriter? output, ISessionCall call, Action<BuildxException>? onFailure)
    {
        try
        {
            await run().ConfigureAwait(false);
        }
        catch (BuildxException e) when (!call.Aborted.IsCancellationRequested)
        {
            onFailure?.Invoke(e);
            if (output is not null)
            {
                await TellAsync(output, e.Message, call.Aborted).ConfigureAwait(false);
            }

            throw new SessionStatusException(Grpc.Core.StatusCode.Unknown, e.Message, e);
        }
    }

    private static async Task TellAsync(PacketWriter output, string text, CancellationToken cancellationToken)
    {
        // An engine that reads no more gets the call's status only.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_errorTime);
        try
        {
            await output.WriteErrorAsync(text, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException)
        {
        }
    }
}
