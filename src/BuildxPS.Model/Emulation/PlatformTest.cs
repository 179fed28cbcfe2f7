namespace BuildxPS;

/// <summary>Whether a node really runs programs of a platform: a small one was built into an image and run there.</summary>
public sealed record PlatformTest
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

    /// <summary>Whether the program ran.</summary>
    public bool Works { get; init; }

    /// <summary>How it ran; <see cref="PlatformMode.Missing"/> where it did not.</summary>
    public PlatformMode Mode { get; init; }

    /// <summary>Whether the node's engine lists the platform, which it may do wrongly.</summary>
    public bool IsListed { get; init; }

    /// <summary>How long the build took that ran it.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Why it did not run; null if it did.</summary>
    public string? Error { get; init; }

    /// <summary>The same as a reason; null if it ran.</summary>
    public BuildxFailure? Failure { get; init; }

    /// <summary>What helps, with the line to run; null if it ran.</summary>
    public string? Advice { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Platform}: {(Works ? Mode.ToString().ToLowerInvariant() : "does not work")}";
}
