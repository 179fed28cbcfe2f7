using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Reads from registries and writes indexes to them (OCI distribution specification 1.1). One client serves many references at once, and keeps
/// logins and tokens while it lives. Every byte that it gives out is what its digest promises.
/// </summary>
public sealed class RegistryClient : IDisposable
{
    private readonly RegistryClientOptions _options;
    private readonly RegistryPipeline _pipeline;

    /// <summary>Creates a client. Nothing is contacted yet.</summary>
    /// <param name="options">How it works.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> for a proxy variable that is no address.</exception>
    public RegistryClient(RegistryClientOptions options)
    {
        _options = options;
        _pipeline = new RegistryPipeline(options);
    }

    /// <summary>Asks what a reference points at, without its bytes where the registry can say so.</summary>
    /// <param name="reference">The image.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Media type, digest and size.</returns>
    /// <exception cref="BuildxException">As <see cref="RegistryFailures"/> has them.</exception>
    public async Task<Descriptor> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var head = await _pipeline.SendAsync(
            ManifestRequest(reference) with { Method = HttpMethod.Head },
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

    /// <summary>Opens a blob as a stream that fails at its end if size or digest are not as promised.</summary>
    /// <param name="repository">The repository that it is in.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="cancellationToken">Gives up opening it.</param>
    /// <returns>The blob's bytes; asynchronous reads only.</returns>
    public async Task<Stream> OpenBlobAsync(ImageReference repository, Descriptor blob, CancellationToken cancellationToken)
    {
        var request = BlobRequest(repository, blob);
        var response = await _pipeline.OpenAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            var address = response.RequestMessage!.RequestUri!;
            var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return new VerifyingStream(response, body, blob, repository.ToString(), _options.Limits.Idle, error =>
                RegistryFailures.FromException(request.Host.Name, address, error) is RetryableException passing ? passing.Failure : RegistryFailures.FromException(request.Host.Name, address, error));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pipeline.Dispose();

    /// <summary>Gets the bytes of an index or manifest.</summary>
    /// <param name="reference">The image; a digest wins over a tag.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes, checked.</returns>
    internal Task<RegistryManifest> GetManifestAsync(ImageReference reference, CancellationToken cancellationToken)
        => _pipeline.SendAsync(
            ManifestRequest(reference),
            async (response, token) =>
            {
                var bytes = await response.ReadAsync(_options.Limits.ManifestBytes, token).ConfigureAwait(false);
                return new RegistryManifest(CheckDigest(reference, response.Digest, bytes), response.MediaType, bytes);
            },
            cancellationToken);

    /// <summary>Gives a registry an index or manifest under a tag, or under its digest where the reference has no tag.</summary>
    /// <param name="reference">The name that it gets.</param>
    /// <param name="mediaType">Its media type.</param>
    /// <param name="bytes">Its bytes; what it points at must be in the repository already.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was stored.</returns>
    internal async Task<Descriptor> PutManifestAsync(ImageReference reference, string mediaType, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var digest = Digests.Compute(bytes.Span);
        var request = Request(reference, $"manifests/{reference.Tag ?? digest}") with
        {
            Method = HttpMethod.Put,
            Scope = $"repository:{reference.Repository}:pull,push",
            Body = bytes,
            BodyType = mediaType,
        };
        var stored = await _pipeline.SendAsync(request, (response, _) => Task.FromResult(response.Digest), cancellationToken).ConfigureAwait(false);
        return !Digests.IsValid(stored) || Digests.Compute(stored!, bytes.Span) == stored
            ? new Descriptor { MediaType = mediaType, Digest = digest, Size = bytes.Length }
            : throw Mismatch(reference, $"it stored {stored}, and was given {digest}");
    }

    /// <summary>Gets a config whole.</summary>
    /// <param name="repository">The repository that it is in.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes, checked.</returns>
    internal Task<byte[]> GetSmallBlobAsync(ImageReference repository, Descriptor blob, CancellationToken cancellationToken)
        => GetBlobAsync(repository, blob, "config", _options.Limits.ConfigBytes, "Ask who built the image: a config holds settings and labels, not data.", cancellationToken);

    /// <summary>Gets an attestation whole.</summary>
    /// <param name="repository">The repository that it is in.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes, checked.</returns>
    internal Task<byte[]> GetAttestationAsync(ImageReference repository, Descriptor blob, CancellationToken cancellationToken)
        => GetBlobAsync(repository, blob, "attestation", _options.Limits.AttestationBytes, "Fetch it with a tool that writes blobs to files.", cancellationToken);

    private Task<byte[]> GetBlobAsync(ImageReference repository, Descriptor blob, string what, int limit, string advice, CancellationToken cancellationToken)
    {
        if (blob.Size > limit)
        {
            throw new BuildxException(
                BuildxFailure.ImageInvalid,
                $"The {what} of '{repository}' is {ByteSize.Format(blob.Size)}, more than the {ByteSize.Format(limit)} that are read.",
                advice);
        }

        return _pipeline.SendAsync(
            BlobRequest(repository, blob),
            async (response, token) =>
            {
                var bytes = await response.ReadAsync(limit, token).ConfigureAwait(false);
                return bytes.Length == blob.Size && Digests.Compute(blob.Digest, bytes) == blob.Digest
                    ? bytes
                    : throw Mismatch(repository, $"the {what} has {bytes.Length} bytes and the digest {Digests.Compute(blob.Digest, bytes)}, and not {blob.Size} bytes and {blob.Digest}");
            },
            cancellationToken);
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

    private RegistryRequest BlobRequest(ImageReference repository, Descriptor blob)
        => Digests.IsValid(blob.Digest)
            ? Request(repository, $"blobs/{blob.Digest}")
            : throw new ArgumentException($"'{blob.Digest}' is not a digest.", nameof(blob));

    private RegistryRequest Request(ImageReference reference, string path) => new()
    {
        Host = RegistryHost.Create(reference.Registry, _options.Trust),
        Path = $"/v2/{reference.Repository}/{path}",
        Scope = $"repository:{reference.Repository}:pull",
        Subject = reference.ToString(),
    };
}
