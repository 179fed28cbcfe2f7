namespace BuildxPS.Engine.Engines;

/// <summary>What this client serves to an engine during a build.</summary>
public sealed record BuildServices
{
    /// <summary>Folders that the engine may read, by mount name (<c>context</c>, <c>dockerfile</c>, …).</summary>
    public IReadOnlyDictionary<string, IFileSource> Sources { get; init; } = new Dictionary<string, IFileSource>(StringComparer.Ordinal);

    /// <summary>Streams that the engine may take, by id: those of <c>http://buildkit-session/ID</c>.</summary>
    public IReadOnlyDictionary<string, IUploadSource> Uploads { get; init; } = new Dictionary<string, IUploadSource>(StringComparer.Ordinal);

    /// <summary>Where the exporters' files go: one entry an exporter, in their order; null for one that sends nothing here.</summary>
    public IReadOnlyList<IExportOutput?> Outputs { get; init; } = [];

    /// <summary>
    /// Told of each failure that is this client's own, or the engine's breach of the protocol, while files travel: the
    /// engine reports such a failure back as its own, in other words and without its cause.
    /// </summary>
    public Action<BuildxException>? OnFailure { get; init; }

    /// <summary>Content stores by the name that the engine asks for them by: <c>local:NAME</c> for caches, <c>oci:NAME</c> for layouts, <c>export</c>.</summary>
    public IReadOnlyDictionary<string, IContentStore> ContentStores { get; init; } = new Dictionary<string, IContentStore>(StringComparer.Ordinal);

    /// <summary>
    /// Told of each failure while content travels to or from <see cref="ContentStores"/>. It need not be what a build fails of:
    /// engines go on without a cache that cannot be read.
    /// </summary>
    public Action<BuildxException>? OnContentFailure { get; init; }

    /// <summary>Logins that the engine may ask for, to pull and to push; null serves none, so that the engine is anonymous.</summary>
    public ICredentialSource? Credentials { get; init; }

    /// <summary>Fetches tokens for those logins on this side; null leaves that, and with it the passwords, to the engine.</summary>
    public ITokenSource? Tokens { get; init; }

    /// <summary>Told why a login or a token could not be had. It need not be what a build fails of: a cache may be what it was for.</summary>
    public Action<BuildxException>? OnLoginFailure { get; init; }

    /// <summary>Secrets that steps may mount; null serves none.</summary>
    public ISecretSource? Secrets { get; init; }

    /// <summary>SSH agents that steps may use; null serves none.</summary>
    public ISshAgentSource? SshAgents { get; init; }
}
