namespace BuildxPS;

/// <summary>How a node runs one platform, by what its engine lists and, where that is this machine, by what the kernel has. Nothing was run.</summary>
public sealed record NodePlatform
{
    /// <summary>The builder; null where the engine was named by its context or address, which then follows.</summary>
    public string? Builder { get; init; }

    /// <summary>The docker context that the engine was named by; null for the others.</summary>
    public string? Context { get; init; }

    /// <summary>The address that the engine was named by; null for the others.</summary>
    public string? DockerHost { get; init; }

    /// <summary>The builder's node.</summary>
    public required string Node { get; init; }

    /// <summary>The platform.</summary>
    public required Platform Platform { get; init; }

    /// <summary>How the node runs it.</summary>
    public PlatformMode Mode { get; init; }

    /// <summary>The emulator's name; null where none is needed, or the engine's machine cannot be looked at.</summary>
    public string? Emulator { get; init; }

    /// <summary>What is to be known of it, in words; empty where there is nothing.</summary>
    public string Note { get; init; } = "";

    /// <inheritdoc/>
    public override string ToString() => Platform.ToString();
}
