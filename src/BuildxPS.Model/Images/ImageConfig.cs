using System.Text;

namespace BuildxPS;

/// <summary>An image's config: how a container of it runs, and how it came to be (OCI image specification, "Image Configuration").</summary>
public sealed record ImageConfig
{
    /// <summary>The image that it is of; null where that is not known.</summary>
    public ImageReference? Reference { get; init; }

    /// <summary>When the image was made; null where that is not stated.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>Who made it; null where that is not stated.</summary>
    public string? Author { get; init; }

    /// <summary>The platform that it runs on; null where none is stated, as in some artifacts.</summary>
    public Platform? Platform { get; init; }

    /// <summary>Environment variables as <c>NAME=value</c>, in order.</summary>
    public IReadOnlyList<string> Env { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>The program that always runs, with its first arguments.</summary>
    public IReadOnlyList<string> Entrypoint { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>The default command, or default arguments of <see cref="Entrypoint"/>.</summary>
    public IReadOnlyList<string> Cmd { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>The folder in which the program starts; empty means the root.</summary>
    public string WorkingDir { get; init; } = "";

    /// <summary>The user that it runs as; empty means root.</summary>
    public string User { get; init; } = "";

    /// <summary>Ports that it listens on, for example <c>80/tcp</c>.</summary>
    public IReadOnlyList<string> ExposedPorts { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Paths that are volumes.</summary>
    public IReadOnlyList<string> Volumes { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>The shell of instructions in shell form; empty means the builder's default.</summary>
    public IReadOnlyList<string> Shell { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Instructions that run when another image is built on this one.</summary>
    public IReadOnlyList<string> OnBuild { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>The signal that stops it; null means the runtime's default.</summary>
    public string? StopSignal { get; init; }

    /// <summary>Digests of the layers' uncompressed contents, lowest first.</summary>
    public IReadOnlyList<string> DiffIds { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>What was done to make it, oldest first.</summary>
    public IReadOnlyList<ImageHistory> History { get; init => field = Indexable.From(value); } = ShownList<ImageHistory>.Empty;

    /// <summary>The bytes exactly as the registry sent them.</summary>
    public required ReadOnlyMemory<byte> RawBytes { get; init; }

    /// <summary><see cref="RawBytes"/> as text.</summary>
    public string RawJson => Encoding.UTF8.GetString(RawBytes.Span);

    /// <inheritdoc/>
    public override string ToString() => Platform?.ToString() ?? "";
}
