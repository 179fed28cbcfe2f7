namespace BuildxPS;

/// <summary>A login for a registry, and where it is kept. The password is not in it.</summary>
public sealed record RegistryLogin
{
    /// <summary>The registry's host, as image references have it: <c>docker.io</c>, <c>registry.local:5000</c>.</summary>
    public required string Registry { get; init; }

    /// <summary>The user; empty for a token that stands for itself.</summary>
    public required string UserName { get; init; }

    /// <summary>What keeps it: a credential helper's name, or the path of docker's file.</summary>
    public required string Store { get; init; }

    /// <summary>Whether it lies unencrypted in a file.</summary>
    public bool IsPlainText { get; init; }

    /// <summary>Whether a token is kept that the registry gave for the password, and not the password.</summary>
    public bool IsToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Registry;
}
