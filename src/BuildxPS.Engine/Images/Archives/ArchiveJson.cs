using System.Text.Json.Serialization;

namespace BuildxPS.Engine.Images.Archives;

/// <summary>One image in the <c>manifest.json</c> of an archive that <c>docker load</c> takes.</summary>
internal sealed record ClassicImageJson
{
    /// <summary>The config's path in the archive.</summary>
    public required string Config { get; init; }

    /// <summary>The image's names; null for none.</summary>
    public IReadOnlyList<string>? RepoTags { get; init; }

    /// <summary>The layers' paths, the lowest first.</summary>
    public required IReadOnlyList<string> Layers { get; init; }
}

/// <summary>How an archive's JSON is written.</summary>
[JsonSerializable(typeof(List<ClassicImageJson>))]
internal sealed partial class ArchiveJsonContext : JsonSerializerContext;
