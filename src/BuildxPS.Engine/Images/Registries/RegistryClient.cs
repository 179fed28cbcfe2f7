using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Reads from registries and writes to them (OCI distribution specification 1.1). One client serves many references at once,
/// and keeps logins and tokens while it lives. Every byte that it gives out is what its digest promises.
/// </summary>
public sealed partial class RegistryClient : IDisposable
{
    private readonly RegistryClientOptions _options;
    private readonly RegistryPipeline _pipeline;

    /// <summary>Creates a client. Nothing is contacted yet.</summary>
    /// <param name="options">How it works.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> for a proxy variable that is no address.</exception>
    public RegistryClient(RegistryClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options with { Trust = options.Trust.With(DockerCertificates.List(options.Environment)) };
        _pipeline = new RegistryPipeline(_options);
    }

    /// <summary>Asks what a reference points at, without its bytes where the registry can say so.</summary>
    /// <param name="reference">The image.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Media type, digest and size.</returns>
    /// <exception cref="BuildxException">As <see cref="RegistryFailures"/> has them.</exception>
    public async Task<Descriptor> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var head = await _pipeline.SendAsync(
            Read(ManifestRequest(reference) with { Method = HttpMethod.Head }),
            (response, _) => Task.FromResult((response.MediaType, response.Digest, response.Length)),
            cancellationToken).ConfigureAwait(false);
        if (head is { MediaType: { } mediaType, Digest: { } digest, Length: { } length }
            && !MediaTypes.IsGeneric(mediaType) && Digests.IsValid(digest) && (reference.Digest ?? digest) == digest)
        {
            return new Descriptor { MediaType = mediaType, Digest = digest, Size = length };
        }

        var manifest = await GetManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        var document = ManifestReader.Read(reference, manifest.Bytes, manifest.MediaType, manifest.Digest);
        return new Descriptor { MediaType = document.MediaType, Digest = document.Digest, Size = document.Size };
    }

    /// <inheritdoc/>
    public void Dispose() => _pipeline.Dispose();

    /// <summary>Gets the bytes of an index or manifest.</summary>
    /// <param name="reference">The image; a digest wins over a tag.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes, checked.</returns>
    internal Task<RegistryManifest> GetManifestAsync(ImageReference reference, CancellationToken cancellationToken)
        => GetManifestAsync(reference, Read(ManifestRequest(reference)), cancellationToken);

    private Task<RegistryManifest> GetManifestAsync(ImageReference reference, RegistryRequest request, CancellationToken cancellationToken)
        => _pipeline.SendAsync(
            request,
            async (response, token) =>
            {
                var bytes = await response.ReadAsync(_options.Limits.ManifestBytes, token).ConfigureAwait(false);
                return new RegistryManifest(CheckDigest(reference, response.Digest, bytes), response.MediaType, bytes);
            },
            cancellationToken);

    /// <summary>Asks whether a repository has a manifest or index. It is asked as one who wants to write.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest's digest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it is there.</returns>
    internal async Task<bool> HasManifestAsync(ImageReference repository, string digest, CancellationToken cancellationToken)
    {
        var request = ManifestRequest(repository with { Tag = null, Digest = digest }) with { Method = HttpMethod.Head, Scope = WriteScope(repository) };
        try
        {
            return await _pipeline.SendAsync(request, (response, _) => Task.FromResult(response.Digest is null || response.Digest == digest), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ImageNotFound)
        {
            return false;
        }
    }

    /// <summary>Gives a registry an index or manifest under a tag, or under its digest where the reference has no tag.</summary>
    /// <param name="reference">The name that it gets; where it has a digest, the bytes must have that one.</param>
    /// <param name="mediaType">Its media type.</param>
    /// <param name="bytes">Its bytes; what it points at must be in the repository already.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was stored.</returns>
    internal async Task<Descriptor> PutManifestAsync(ImageReference reference, string mediaType, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        => (await PutAsync(reference, mediaType, bytes, cancellationToken).ConfigureAwait(false)).Stored;

    private async Task<(Descriptor Stored, bool ListsReferrers)> PutAsync(ImageReference reference, string mediaType, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var digest = reference.Digest is { } like ? Digests.Compute(like, bytes.Span) : Digests.Compute(bytes.Span);
        if (reference.Digest is { } asked && asked != digest)
        {
            throw new ArgumentException($"The bytes have the digest {digest}.", nameof(reference));
        }

        var request = Request(reference, $"manifests/{reference.Tag ?? digest}") with
        {
            Method = HttpMethod.Put,
            Scope = WriteScope(reference),
            Body = bytes,
            BodyType = mediaType,
        };
        var (stored, subject) = await _pipeline.SendAsync(request, (response, _) => Task.FromResult((response.Digest, response.Header("OCI-Subject"))), cancellationToken).ConfigureAwait(false);
        return !Digests.IsValid(stored) || Digests.Compute(stored!, bytes.Span) == stored
            ? (new Descriptor { MediaType = mediaType, Digest = digest, Size = bytes.Length }, subject is not null)
            : throw Mismatch(reference, $"it stored {stored}, and was given {digest}");
    }

    private static string CheckDigest(ImageReference reference, string? stated, byte[] bytes)
    {
        if (reference.Digest is { } asked && Digests.Compute(asked, bytes) is var got && got != asked)
        {
            throw Mismatch(reference, $"the bytes have the digest {got}");
        }

        // Under a tag nothing was promised but by the registry itself: a body that was cut or changed on the way shows here.
        if (Digests.IsValid(stated) && Digests.Compute(stated!, bytes) is var computed && computed != stated)
        {
            throw Mismatch(reference, $"the registry states the digest {stated}, and the bytes have {computed}");
        }

        return reference.Digest ?? (Digests.IsValid(stated) ? stated! : Digests.Compute(bytes));
    }

    private static BuildxException Mismatch(ImageReference reference, string problem) => new(
        BuildxFailure.DigestMismatch,
        $"What the registry {reference.Registry} sent for '{reference}' is not what was promised: {problem}.",
        "Try again. If it stays, the registry or a proxy in between gives out damaged or forged content: do not use it.");

    private RegistryRequest ManifestRequest(ImageReference reference)
        => Request(reference, $"manifests/{reference.Digest ?? reference.Tag}") with { Accept = MediaTypes.Documents };

    /// <summary>Lets the registry's mirrors be asked first. The same repository lies below a mirror's path, and the registry is named to it.</summary>
    private RegistryRequest Read(RegistryRequest request)
        => request.Host.Mirrors.Count == 0 ? request : request with
        {
            Mirrors = [.. request.Host.Mirrors.Select(mirror =>
            {
                var (host, folder) = mirror.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? (mirror[..slash], mirror[slash..].TrimEnd('/')) : (mirror, "");
                return request with
                {
                    Host = RegistryHost.Create(host, _options.Trust),
                    Path = $"/v2{folder}{request.Path["/v2".Length..]}?ns={Uri.EscapeDataString(request.Host.Name)}",
                    Scope = folder.Length == 0 ? request.Scope : request.Scope.Replace("repository:", $"repository:{folder[1..]}/", StringComparison.Ordinal),
                };
            })],
        };

    private static string WriteScope(ImageReference repository) => $"repository:{repository.Repository}:pull,push";

    private RegistryRequest Request(ImageReference reference, string path) => new()
    {
        Host = RegistryHost.Create(reference.Registry, _options.Trust),
        Path = $"/v2/{reference.Repository}/{path}",
        Scope = $"repository:{reference.Repository}:pull",
        Subject = reference.ToString(),
    };
}
