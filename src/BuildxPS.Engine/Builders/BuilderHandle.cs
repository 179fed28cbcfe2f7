using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Builders;

/// <summary>A builder that was chosen for work, with its nodes' drivers at hand. Nothing has been contacted yet.</summary>
public sealed class BuilderHandle : IAsyncDisposable
{
    /// <summary>The builder's name.</summary>
    public required string Name { get; init; }

    /// <summary>The driver's name, for example <c>docker</c>.</summary>
    public required string Driver { get; init; }

    /// <summary>Its nodes, in order.</summary>
    public required IReadOnlyList<NodeHandle> Nodes { get; init; }

    /// <summary>Notes in the list of builders that it is used now; null where it is not on the list. It never fails.</summary>
    public Action? NoteUse { get; init; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.Driver.DisposeAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>One node of a <see cref="BuilderHandle"/>.</summary>
public sealed record NodeHandle
{
    /// <summary>The node's name.</summary>
    public required string Name { get; init; }

    /// <summary>The address or context that reaches it, for messages.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Its driver.</summary>
    public required IDriver Driver { get; init; }

    /// <summary>Where its engine runs.</summary>
    public EngineMachine Machine { get; init; } = EngineMachine.Unknown;

    /// <summary>Platforms that the user assigned to it.</summary>
    public IReadOnlyList<Platform> ExplicitPlatforms { get; init; } = [];

    /// <summary>How far its engine's config trusts registries, which this client then does as well.</summary>
    public RegistryTrust Trust { get; init; } = RegistryTrust.Default;

    /// <summary>Build arguments for the proxies that docker's configuration sets for this node's engine, by upper-case name; a value may hold a password.</summary>
    public IReadOnlyDictionary<string, string> ProxyArguments { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
