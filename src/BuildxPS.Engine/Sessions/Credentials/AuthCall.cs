using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>Reads and answers the calls of the service <c>moby.filesync.v1.Auth</c>, all of which have one message each way.</summary>
internal static class AuthCall
{
    private const int MaxHostLength = 300;

    /// <summary>Reads what the engine asks.</summary>
    /// <typeparam name="T">The message.</typeparam>
    /// <param name="call">The call.</param>
    /// <param name="parser">Reads the message.</param>
    /// <returns>The message.</returns>
    /// <exception cref="SessionStatusException">It is malformed.</exception>
    public static async Task<T> ReadAsync<T>(ISessionCall call, MessageParser<T> parser)
        where T : IMessage<T>
    {
        var bytes = await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted).ConfigureAwait(false);
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "malformed request", error);
        }
    }

    /// <summary>Checks a registry that an engine names: it is looked up as a key and goes to a helper's input, so it has to be a host and nothing more.</summary>
    /// <param name="host">The host.</param>
    /// <returns>The host.</returns>
    /// <exception cref="SessionStatusException">It is none.</exception>
    public static string CheckHost(string host)
        => host.Length is > 0 and <= MaxHostLength && !host.Any(c => c is <= ' ' or '/' or '\\' or '@' or '?' or '#' or '\x7f')
            ? host
            : throw new SessionStatusException(StatusCode.InvalidArgument, "the host is not a registry's");

    /// <summary>Answers.</summary>
    /// <param name="call">The call.</param>
    /// <param name="answer">The message.</param>
    /// <returns>A task.</returns>
    public static async Task WriteAsync(ISessionCall call, IMessage answer)
    {
        var length = answer.CalculateSize();
        var buffer = call.Response.GetMemory(GrpcMessage.HeaderLength + length);
        GrpcMessage.WriteHeader(buffer.Span, length);
        answer.WriteTo(buffer.Span.Slice(GrpcMessage.HeaderLength, length));
        call.Response.Advance(GrpcMessage.HeaderLength + length);
        await call.Response.FlushAsync(call.Aborted).ConfigureAwait(false);
    }

    /// <summary>Asks this client's side, whose failure ends the call.</summary>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="ask">Asks.</param>
    /// <param name="onFailure">Told of a failure: the engine repeats it in its own words.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="SessionStatusException">It failed; the text has cause and advice as a user needs them.</exception>
    public static async ValueTask<T> AskAsync<T>(Func<ValueTask<T>> ask, Action<BuildxException>? onFailure)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (BuildxException error)
        {
            onFailure?.Invoke(error);

            // Without the cause, which would count as the build's: the engine may go on, as without a cache.
            throw new SessionStatusException(StatusCode.FailedPrecondition, $"{DisplayText.Line(error.Message)} {DisplayText.Line(error.Advice)}");
        }
    }
}
