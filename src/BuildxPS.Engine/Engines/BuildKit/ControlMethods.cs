using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>Calls of the control service that the generated client cannot make as they are needed.</summary>
internal static class ControlMethods
{
    private const string Service = "moby.buildkit.v1.Control";

    // More than any build shows in one message, and little enough to hold.
    private const int MaxStatusEntries = 100_000;

    // A record of a merge has as many parents as the merge.
    private const int MaxUsageFields = 10_000;

    /// <summary>
    /// Status, called as if it took a stream of requests: on the wire that is the same, and here it tells when the
    /// request has been sent. An engine that sees Solve first may have finished the job before it looks for it.
    /// </summary>
    public static readonly Method<Protocol.StatusRequest, Protocol.StatusResponse> Status = new(
        MethodType.DuplexStreaming,
        Service,
        "Status",
        Marshallers.Create(Serialize, context => Protocol.StatusRequest.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        Marshallers.Create(Serialize, ParseStatus));

    /// <summary>The session's bytes, in messages whose borders mean nothing.</summary>
    public static readonly Method<TunnelChunk, TunnelChunk> Session = new(
        MethodType.DuplexStreaming,
        Service,
        "Session",
        Marshallers.Create((chunk, context) => chunk.Serialize(context), TunnelChunk.Parse),
        Marshallers.Create((chunk, context) => chunk.Serialize(context), TunnelChunk.Parse));

    /// <summary>Disk usage, whose answer stays as it came: it is as long as the cache is large, and read record by record.</summary>
    public static readonly Method<Protocol.DiskUsageRequest, byte[]> DiskUsage = new(
        MethodType.Unary,
        Service,
        "DiskUsage",
        Marshallers.Create(Serialize, context => Protocol.DiskUsageRequest.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        Marshallers.Create((bytes, context) => context.Complete(bytes), context => context.PayloadAsNewBuffer()));

    /// <summary>Prune: a message for each record that went.</summary>
    public static readonly Method<Protocol.PruneRequest, Protocol.UsageRecord> Prune = new(
        MethodType.ServerStreaming,
        Service,
        "Prune",
        Marshallers.Create(Serialize, context => Protocol.PruneRequest.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
        Marshallers.Create(Serialize, context => ParseUsage(context.PayloadAsReadOnlySequence())));

    /// <summary>Reads one record of the cache.</summary>
    /// <param name="message">The message.</param>
    /// <returns>The record.</returns>
    /// <exception cref="InvalidDataException">It has more parts than any record.</exception>
    public static Protocol.UsageRecord ParseUsage(ReadOnlySequence<byte> message)
    {
        CheckEntries(message, MaxUsageFields, "The engine sent a record of its cache with too many parts.");
        return Protocol.UsageRecord.Parser.ParseFrom(message);
    }

    private static void Serialize(IMessage message, SerializationContext context)
    {
        context.SetPayloadLength(message.CalculateSize());
        message.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    // Two bytes make an empty vertex on the wire, and a hundred here: entries are counted before they become objects,
    // so that a hostile message costs no more than it weighs.
    private static Protocol.StatusResponse ParseStatus(DeserializationContext context)
    {
        var payload = context.PayloadAsReadOnlySequence();
        CheckEntries(payload, MaxStatusEntries, "The engine sent a status message with too many entries.");
        return Protocol.StatusResponse.Parser.ParseFrom(payload);
    }

    private static void CheckEntries(ReadOnlySequence<byte> message, int limit, string problem)
    {
        var reader = new SequenceReader<byte>(message);
        var entries = 0;
        while (WireFormat.TryReadField(ref reader, out _, out _))
        {
            if (++entries > limit)
            {
                throw new InvalidDataException(problem);
            }
        }
    }
}
