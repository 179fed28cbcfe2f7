namespace BuildxPS;

/// <summary>Which versions work together: this module's, what it runs on, and the BuildKit of each node.</summary>
public sealed record BuildxVersion
{
    /// <summary>This module's.</summary>
    public required Version ModuleVersion { get; init; }

    /// <summary>PowerShell's, for example <c>7.6.1</c>.</summary>
    public required string PowerShellVersion { get; init; }

    /// <summary>.NET's.</summary>
    public required Version DotNetVersion { get; init; }

    /// <summary>The operating system that this client runs on, as it names itself.</summary>
    public required string OperatingSystem { get; init; }

    /// <summary>The API that is spoken with engines: <c>moby.buildkit.v1</c>.</summary>
    public required string BuildKitApi { get; init; }

    /// <summary>The builder whose nodes were asked; null where none could be chosen.</summary>
    public string? Builder { get; init; }

    /// <summary>The builder's driver; null where nothing answered.</summary>
    public string? Driver { get; init; }

    /// <summary>The builder's nodes, each with its <see cref="Node.BuildKitVersion"/> and <see cref="Node.Status"/>.</summary>
    public IReadOnlyList<Node> Nodes { get; init => field = Indexable.From(value); } = [];

    /// <summary>Why the builder, or the first node that did not answer, could not be asked; null if all answered or do not run.</summary>
    public string? Error { get; init; }

    /// <inheritdoc/>
    public override string ToString() => ModuleVersion.ToString();
}
