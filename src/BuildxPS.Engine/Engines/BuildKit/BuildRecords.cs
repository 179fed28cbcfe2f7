using System.Buffers;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>Reads what an engine keeps of builds that are over.</summary>
internal static class BuildRecords
{
    private const string InToto = "application/vnd.in-toto+json";
    private const string PredicateType = "in-toto.io/predicate-type";
    private const string Provenance = "https://slsa.dev/provenance/";
    private const long MaxPredicate = 64 << 20;
    private const int MaxAttestations = 1000;

    /// <summary>Reads the provenance of a build.</summary>
    /// <param name="channel">The engine.</param>
    /// <param name="buildRef">The build's reference on it.</param>
    /// <param name="options">The calls' deadline and token.</param>
    /// <returns>One entry a platform; empty where the engine keeps none.</returns>
    public static async Task<IReadOnlyList<RecordedAttestation>> ReadProvenanceAsync(EngineChannel channel, string buildRef, CallOptions options)
    {
        var found = new List<(string Platform, Protocol.ContentDescriptor Descriptor)>();
        using (var call = channel.Control.ListenBuildHistory(new Protocol.BuildHistoryRequest { Ref = buildRef, EarlyExit = true }, options))
        {
            await foreach (var e in call.ResponseStream.ReadAllAsync(options.CancellationToken).ConfigureAwait(false))
            {
                if (e.Record is { } record && record.Ref == buildRef)
                {
                    found = [.. record.Result is { } single ? ProvenanceOf("", single) : record.Results.SelectMany(r => ProvenanceOf(r.Key, r.Value))];
                }
            }
        }

        var read = new List<RecordedAttestation>();
        var total = 0L;
        foreach (var (platform, descriptor) in found.Take(MaxAttestations))
        {
            total += Math.Max(0, descriptor.Size);
            if (total > MaxPredicate)
            {
                throw new InvalidDataException($"The engine describes attestations of more than {MaxPredicate >> 20} MiB together.");
            }

            read.Add(new RecordedAttestation
            {
                Platform = DisplayText.Line(platform, 256),
                PredicateType = DisplayText.Line(descriptor.Annotations[PredicateType], 256),
                Predicate = await ReadContentAsync(channel, descriptor, options).ConfigureAwait(false),
            });
        }

        return read;
    }

    private static IEnumerable<(string Platform, Protocol.ContentDescriptor Descriptor)> ProvenanceOf(string platform, Protocol.BuildResultInfo result)
        => result.Attestations
            .Where(a => a.MediaType == InToto && a.Annotations.TryGetValue(PredicateType, out var type) && type.StartsWith(Provenance, StringComparison.Ordinal))
            .Take(1)
            .Select(a => (platform, a));

    private static async Task<ReadOnlyMemory<byte>> ReadContentAsync(EngineChannel channel, Protocol.ContentDescriptor descriptor, CallOptions options)
    {
        if (!ContentDigest.TryParse(descriptor.Digest, out var digest) || descriptor.Size is < 0 or > MaxPredicate)
        {
            throw new InvalidDataException($"The engine describes an attestation of {descriptor.Size} bytes as '{DisplayText.Line(descriptor.Digest, 256)}'.");
        }

        var content = new ArrayBufferWriter<byte>((int)Math.Clamp(descriptor.Size, 1, 64 * 1024));
        using var hash = digest.StartHash();
        using var call = new Protocol.Content.Content.ContentClient(channel.Invoker)
            .Read(new Protocol.Content.ReadContentRequest { Digest = descriptor.Digest }, options);
        await foreach (var piece in call.ResponseStream.ReadAllAsync(options.CancellationToken).ConfigureAwait(false))
        {
            if (content.WrittenCount + piece.Data.Length > descriptor.Size)
            {
                throw new InvalidDataException($"The engine sends more of '{digest}' than it said.");
            }

            content.Write(piece.Data.Span);
            hash.AppendData(piece.Data.Span);
        }

        return ContentDigest.Of(hash) == digest
            ? content.WrittenMemory
            : throw new InvalidDataException($"What the engine sends as '{digest}' is something else.");
    }
}
