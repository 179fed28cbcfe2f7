namespace BuildxPS.Engine.Images.Registries;

/// <summary>One request to a registry.</summary>
internal sealed record RegistryRequest
{
    public required RegistryHost Host { get; init; }

    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>Path on the host: <c>/v2/library/alpine/manifests/latest</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Media types that we take, best first; empty takes anything.</summary>
    public IReadOnlyList<string> Accept { get; init; } = [];

    /// <summary>The right that it needs: <c>repository:library/alpine:pull</c>.</summary>
    public required string Scope { get; init; }

    /// <summary>What the user asked for, for messages.</summary>
    public required string Subject { get; init; }

    /// <summary>The request's address over a scheme.</summary>
    public Uri Address(string scheme) => new($"{scheme}://{Host.Authority}{Path}");
}
