using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Diagnostics;

/// <summary>What BuildKit attaches to an error: JSON in a gRPC status' details. Engines before 0.10 attach nothing.</summary>
internal sealed class ErrorDetails
{
    private const string Trailer = "grpc-status-details-bin";
    private const int MaxDetails = 256;
    private const int MaxDetailBytes = 4 * 1024 * 1024;
    private const int MaxSources = 32;
    private const int MaxSourceText = 512 * 1024;
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 32 };

    private readonly List<SourceExcerpt> _sources = [];

    /// <summary>Digest of the vertex that failed; null if none was named.</summary>
    public string? VertexDigest { get; private set; }

    /// <summary>Exit code of the process that failed; null if none did.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>Places in files.</summary>
    public IReadOnlyList<SourceExcerpt> Sources => _sources;

    /// <summary>A capability or feature that the engine or frontend lacks; null if that is not the matter.</summary>
    public string? MissingFeature { get; private set; }

    /// <summary>The status as it came, to be sent back as the build's end; null if the engine sent none.</summary>
    public Protocol.Rpc.Status? Status { get; private set; }

    /// <summary>Reads an error's details.</summary>
    /// <param name="error">The error.</param>
    /// <returns>The details; empty where there are none or they make no sense.</returns>
    public static ErrorDetails Read(RpcException error)
    {
        var result = new ErrorDetails();
        try
        {
            if (error.Trailers.GetValueBytes(Trailer) is { } bytes)
            {
                result.Status = Protocol.Rpc.Status.Parser.ParseFrom(bytes);
            }
        }
        catch (InvalidProtocolBufferException)
        {
            return result;
        }

        foreach (var detail in result.Status?.Details.Take(MaxDetails) ?? [])
        {
            result.Add(detail.TypeUrl, detail.Value);
        }

        return result;
    }

    private void Add(string typeUrl, ByteString value)
    {
        if (value.Length > MaxDetailBytes)
        {
            return;
        }

        var name = typeUrl[(typeUrl.LastIndexOf('/') + 1)..];
        try
        {
            using var document = JsonDocument.Parse(value.Memory, s_json);
            Add(name.Replace("+json", "", StringComparison.Ordinal), document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // A detail that cannot be read explains nothing; the error's text is still there.
        }
    }

    private void Add(string name, JsonElement detail)
    {
        switch (name)
        {
            case "errdefs.Vertex":
                VertexDigest ??= DisplayText.Line(Text(detail, "digest"), 256);
                break;
            case "errdefs.Source" when _sources.Count < MaxSources:
                AddSource(detail);
                break;
            case "gatewayapi.ExitMessage" when detail.TryGetProperty("Code", out var code) && code.TryGetUInt32(out var exitCode):
                ExitCode ??= unchecked((int)exitCode);
                break;
            case "errdefs.FrontendCap" or "errdefs.Subrequest":
                MissingFeature ??= DisplayText.Line(Text(detail, "name"), 256);
                break;
            case "errdefs.CompatibilityFeature":
                MissingFeature ??= DisplayText.Line(Text(detail, "feature"), 256);
                break;
        }
    }

    private void AddSource(JsonElement detail)
    {
        if (!detail.TryGetProperty("info", out var info))
        {
            return;
        }

        var text = "";
        if (info.TryGetProperty("data", out var data) && data.TryGetBytesFromBase64(out var bytes) && bytes.Length <= MaxSourceText)
        {
            text = DisplayText.Lines(Encoding.UTF8.GetString(bytes), MaxSourceText);
        }

        var ranges = detail.TryGetProperty("ranges", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Take(MaxSources).Select(r => (Line(r, "start"), Line(r, "end")))
            : [];
        if (SourceExcerpts.Create(Text(info, "filename") ?? "", text, ranges) is { } source && !_sources.Contains(source))
        {
            _sources.Add(source);
        }
    }

    private static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int Line(JsonElement range, string end)
        => range.TryGetProperty(end, out var position) && position.TryGetProperty("line", out var line) && line.TryGetInt32(out var number)
            ? number
            : 0;
}
