namespace BuildxPS.Engine.Engines;

/// <summary>
/// Content by digest that an engine may read: an OCI layout, a cache. Members may be called from several threads at once.
/// Failures of the files behind it are <see cref="BuildxException"/>, naming the file.
/// </summary>
public interface IContentStore
{
    /// <summary>Looks content up.</summary>
    /// <param name="digest">Its digest.</param>
    /// <returns>What is known of it; null if it is not there.</returns>
    ContentInfo? Find(ContentDigest digest);

    /// <summary>Lists all content.</summary>
    /// <returns>In no order.</returns>
    IEnumerable<ContentInfo> List();

    /// <summary>
    /// Reads a piece of content. What is read is hashed, and the piece that ends it is given out only if all of it has the
    /// digest that it is named by.
    /// </summary>
    /// <param name="digest">The content.</param>
    /// <param name="offset">Where the piece begins.</param>
    /// <param name="buffer">Takes the piece; it must lie within the content.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that ends when the buffer is full.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DigestMismatch"/>, naming the file.</exception>
    ValueTask ReadAsync(ContentDigest digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken);
}

/// <summary>A store that an engine may write to, too.</summary>
public interface IWritableContentStore : IContentStore
{
    /// <summary>What is being written, or was begun and not ended.</summary>
    IReadOnlyList<ContentProgress> Unfinished { get; }

    /// <summary>Begins to write content, or goes on where an earlier writer of the same reference stopped.</summary>
    /// <param name="reference">The engine's name for this piece of work.</param>
    /// <param name="total">Bytes that will come; zero if that is not known yet.</param>
    /// <param name="expected">The digest that the content will have; null if that is not known yet.</param>
    /// <returns>The writer; disposing it lets another one go on.</returns>
    /// <exception cref="ContentException">The content is there already, or another writer has the reference.</exception>
    IContentWriter OpenWriter(string reference, long total, ContentDigest? expected);

    /// <summary>Throws away what was begun.</summary>
    /// <param name="reference">Its reference.</param>
    /// <exception cref="ContentException">There is nothing, or a writer has it.</exception>
    void Abort(string reference);
}

/// <summary>Takes one piece of content. Not to be called from two threads at once.</summary>
public interface IContentWriter : IDisposable
{
    /// <summary>How far it is.</summary>
    ContentProgress Progress { get; }

    /// <summary>The digest of the bytes so far.</summary>
    ContentDigest Digest { get; }

    /// <summary>Says what was not known at the beginning.</summary>
    /// <param name="total">Bytes that will come.</param>
    void Expect(long total);

    /// <summary>Starts again at the first byte.</summary>
    void Truncate();

    /// <summary>Adds bytes.</summary>
    /// <param name="data">The bytes.</param>
    /// <exception cref="BuildxException">They are more than the total, or cannot be written.</exception>
    void Write(ReadOnlySpan<byte> data);

    /// <summary>Ends it: from now on it is found by its digest.</summary>
    /// <param name="expected">The digest that it must have; null takes any.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DigestMismatch"/>: size or digest are others.</exception>
    /// <exception cref="ContentException">The content is there already.</exception>
    void Commit(ContentDigest? expected);
}

/// <summary>What a store knows of a piece of content.</summary>
public sealed record ContentInfo
{
    /// <summary>Its digest.</summary>
    public required ContentDigest Digest { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>When it came to be there.</summary>
    public required DateTimeOffset Created { get; init; }
}

/// <summary>How far the writing of a piece of content is.</summary>
public sealed record ContentProgress
{
    /// <summary>The engine's name for it.</summary>
    public required string Reference { get; init; }

    /// <summary>Bytes so far.</summary>
    public required long Offset { get; init; }

    /// <summary>Bytes in all; zero if that is not known.</summary>
    public required long Total { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When the last bytes came.</summary>
    public required DateTimeOffset Updated { get; init; }
}

/// <summary>Why a store does not do what it was asked; no failure of this client or of its files.</summary>
public enum ContentFault
{
    /// <summary>What was named is not there.</summary>
    NotFound,

    /// <summary>The content is there already.</summary>
    Exists,

    /// <summary>Another writer has the reference; it will be free again.</summary>
    InUse,

    /// <summary>Too much was begun and not ended.</summary>
    TooMany,
}

/// <summary>A store's answer that is part of its work.</summary>
public sealed class ContentException : Exception
{
    /// <summary>Creates an answer.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="message">In words, for the engine.</param>
    public ContentException(ContentFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>Why.</summary>
    public ContentFault Fault { get; }
}
