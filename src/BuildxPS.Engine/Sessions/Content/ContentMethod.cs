using BuildxPS.Engine.Engines;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>A method of the content service that is asked with one message and answers with some.</summary>
/// <typeparam name="TRequest">The question.</typeparam>
/// <param name="name">The method's name in the service.</param>
/// <param name="parser">Reads the question.</param>
/// <param name="stores">The stores.</param>
/// <param name="answer">Makes the answers.</param>
internal sealed class ContentMethod<TRequest>(
    string name, MessageParser<TRequest> parser, ContentStores stores, Func<IContentStore, TRequest, IEnumerable<IMessage>> answer) : ISessionMethod
    where TRequest : IMessage<TRequest>
{
    /// <inheritdoc/>
    public string Path => ContentMethods.Service + name;

    /// <inheritdoc/>
    public Task InvokeAsync(ISessionCall call) => stores.RunAsync(call, async store =>
    {
        var request = await ContentMessages.ReadAsync(call, parser).ConfigureAwait(false);
        foreach (var message in answer(store, request))
        {
            await ContentMessages.WriteAsync(call, message).ConfigureAwait(false);
        }
    });
}

/// <summary>Reads and writes the service's small messages.</summary>
internal static class ContentMessages
{
    /// <summary>Reads the one message of a question.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="call">The call.</param>
    /// <param name="parser">Reads it.</param>
    /// <returns>The message.</returns>
    /// <exception cref="SessionStatusException">It is none of these.</exception>
    public static async Task<T> ReadAsync<T>(ISessionCall call, MessageParser<T> parser)
        where T : IMessage<T>
    {
        var bytes = await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted).ConfigureAwait(false);
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "malformed request", e);
        }
    }

    /// <summary>Writes a message, and hands it on.</summary>
    /// <param name="call">The call.</param>
    /// <param name="message">The message.</param>
    /// <returns>A task.</returns>
    public static async Task WriteAsync(ISessionCall call, IMessage message)
    {
        var length = message.CalculateSize();
        var buffer = call.Response.GetMemory(GrpcMessage.HeaderLength + length);
        GrpcMessage.WriteHeader(buffer.Span, length);
        message.WriteTo(buffer.Span.Slice(GrpcMessage.HeaderLength, length));
        call.Response.Advance(GrpcMessage.HeaderLength + length);
        await call.Response.FlushAsync(call.Aborted).ConfigureAwait(false);
    }
}
