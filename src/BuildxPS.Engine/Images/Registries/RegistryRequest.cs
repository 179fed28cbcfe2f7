namespace BuildxPS.Engine.Images.Registries;

/// <summary>One request to a registry.</summary>
internal sealed record RegistryRequest
{
    public required RegistryHost Host { get; init; }

    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>Path on the host, with its query: <c>/v2/library/alpine/manifests/latest</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The address that the registry itself named for this request; null where it is <see cref="Path"/> on the host.</summary>
    public Uri? Location { get; init; }

    /// <summary>The same request to the registry's mirrors, which are asked before it; none for what is written.</summary>
    public IReadOnlyList<RegistryRequest> Mirrors { get; init; } = [];

    /// <summary>Media types that we take, best first; empty takes anything.</summary>
    public IReadOnlyList<string> Accept { get; init; } = [];

    /// <summary>Where in a blob the answer is to begin; zero asks for all of it.</summary>
    public long Offset { get; init; }

    /// <summary>What is sent along; empty where nothing is.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Media type of <see cref="Body"/>.</summary>
    public string? BodyType { get; init; }

    /// <summary>Makes the body where it is a blob's bytes: anew each time that it is sent. Null for any other.</summary>
    public Func<UploadContent>? Content { get; init; }

    /// <summary>Whether it changes something in the registry.</summary>
    public bool Writes => Method != HttpMethod.Get && Method != HttpMethod.Head;

    /// <summary>The rights that it needs, with a space between them: <c>repository:library/alpine:pull</c>.</summary>
    public required string Scope { get; init; }

    /// <summary>What the user asked for, for messages.</summary>
    public required string Subject { get; init; }

    /// <summary>The request's address over a scheme.</summary>
    public Uri Address(string scheme) => new($"{scheme}://{Host.Authority}{Path}");
}
