using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Content;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>Takes a blob from the engine: a message, an answer, a message, …, until it commits.</summary>
/// <param name="stores">The stores.</param>
internal sealed class WriteMethod(ContentStores stores) : ISessionMethod
{
    /// <inheritdoc/>
    public string Path => ContentMethods.Service + "Write";

    /// <inheritdoc/>
    public Task InvokeAsync(ISessionCall call) => stores.RunAsync(call, async store =>
    {
        var target = ContentMethods.Writable(store);
        var requests = new WriteRequests(call.Request);
        if (await requests.NextAsync(call.Aborted).ConfigureAwait(false) is not { Reference.Length: > 0 } request)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "first message must have a reference");
        }

        var expected = Expected(request);
        using var writer = target.OpenWriter(request.Reference, request.Total, expected);
        for (WriteRequest? next = request; next is { } current; next = await requests.NextAsync(call.Aborted).ConfigureAwait(false))
        {
            expected = Expected(current) ?? expected;
            writer.Expect(current.Total);
            if (current.Action != WriteAction.Status)
            {
                Place(writer, current);
            }
            else if (current.DataLength > 0)
            {
                throw ContentFailures.Violation("it sends data and asks only for the status");
            }

            await requests.ReadDataAsync(piece => writer.Write(piece.Span), call.Aborted).ConfigureAwait(false);
            var answer = Answer(writer, current.Action);
            if (current.Action == WriteAction.Commit)
            {
                writer.Commit(expected);
            }

            await ContentMessages.WriteAsync(call, answer).ConfigureAwait(false);
            if (current.Action == WriteAction.Commit)
            {
                return;
            }
        }
    });

    private static ContentDigest? Expected(WriteRequest request) => request.Expected.Length == 0 ? null : ContentStores.Digest(request.Expected);

    private static void Place(IContentWriter writer, WriteRequest request)
    {
        var at = writer.Progress.Offset;
        if (request.Offset == 0 && at > 0)
        {
            writer.Truncate();
        }
        else if (request.Offset != at)
        {
            throw new SessionStatusException(
                StatusCode.OutOfRange, FormattableString.Invariant($"write @{request.Offset} must occur at current offset {at}"));
        }
    }

    private static WriteContentResponse Answer(IContentWriter writer, WriteAction action)
    {
        var progress = writer.Progress;
        var answer = new WriteContentResponse { Action = (int)action, Offset = progress.Offset, Digest = writer.Digest.ToString() };
        if (action == WriteAction.Status)
        {
            answer.StartedAt = progress.Started.ToTimestamp();
            answer.UpdatedAt = progress.Updated.ToTimestamp();
            answer.Total = progress.Total;
        }

        return answer;
    }
}
