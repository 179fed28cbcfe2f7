namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>A result as the gateway gave it. It is handed back as it came, with fields that are not known here.</summary>
internal sealed class BuildKitResult : EngineResult
{
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _metadata = new(StringComparer.Ordinal);

    public BuildKitResult(Protocol.Gateway.Result message)
    {
        Message = message;
        foreach (var (key, value) in message.Metadata)
        {
            _metadata[key] = value.Memory;
        }
    }

    /// <summary>The message.</summary>
    public Protocol.Gateway.Result Message { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Metadata => _metadata;

    /// <summary>Ids of all trees in the result, without empty ones.</summary>
    public IEnumerable<string> References => (Message.ResultCase switch
    {
        Protocol.Gateway.Result.ResultOneofCase.RefDeprecated => [Message.RefDeprecated],
        Protocol.Gateway.Result.ResultOneofCase.RefsDeprecated => Message.RefsDeprecated.Refs.Values,
        Protocol.Gateway.Result.ResultOneofCase.Ref => [Message.Ref.Id],
        Protocol.Gateway.Result.ResultOneofCase.Refs => Message.Refs.Refs.Values.Select(r => r.Id),
        _ => Enumerable.Empty<string>(),
    }).Where(id => id.Length > 0);

    /// <summary>The id of one platform's tree.</summary>
    /// <param name="platform">The platform; null for a result of one tree.</param>
    /// <returns>The id, empty for an empty tree; null if there is no such tree.</returns>
    public string? Reference(Platform? platform) => Message.ResultCase switch
    {
        Protocol.Gateway.Result.ResultOneofCase.RefDeprecated => Message.RefDeprecated,
        Protocol.Gateway.Result.ResultOneofCase.Ref => Message.Ref.Id,
        Protocol.Gateway.Result.ResultOneofCase.RefsDeprecated => Pick(Message.RefsDeprecated.Refs, platform),
        Protocol.Gateway.Result.ResultOneofCase.Refs => Pick(Message.Refs.Refs, platform)?.Id,
        _ => "",
    };

    private static T? Pick<T>(IDictionary<string, T> references, Platform? platform)
        where T : class
        => platform is null
            ? references.Count == 1 ? references.Values.First() : null
            : references.FirstOrDefault(r => Platform.TryParse(r.Key, out var key, out _) && key == platform).Value;
}
