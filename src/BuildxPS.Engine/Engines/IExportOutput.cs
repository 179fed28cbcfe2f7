namespace BuildxPS.Engine.Engines;

/// <summary>
/// Where one exporter's files go on this client. Nothing stands at the destination before <see cref="CommitAsync"/>;
/// disposing without it removes what was written, and leaves what stood there before.
/// </summary>
public interface IExportOutput : IAsyncDisposable
{
    /// <summary>
    /// Does all that can fail without changing the destination. Called once, after the engine reported success and before any
    /// output of the build is put in place.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.ProtocolViolation"/> if the engine sent nothing or not all; <see cref="BuildxFailure.DestinationNotWritable"/>
    /// or <see cref="BuildxFailure.DiskFull"/>, naming the path.
    /// </exception>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Moves what was received to the destination. Called once. If it fails, the destination is as it was before.</summary>
    /// <param name="cancellationToken">Gives up before anything has changed.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>, naming the path.</exception>
    Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>Takes back a commit, because another output of the build could not be put in place.</summary>
    /// <returns>What became of the destination, as a sentence for the user.</returns>
    Task<string> UndoAsync();
}

/// <summary>An output that is one stream of bytes: <c>tar</c>, <c>oci</c>, <c>docker</c>.</summary>
public interface IFileOutput : IExportOutput
{
    /// <summary>Whether the destination has what would be sent already, so that it need not be. Called before <see cref="OpenAsync"/>, if at all.</summary>
    /// <param name="exporterResponse">What the exporter reported so far.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>True to leave it out; the output is complete then.</returns>
    Task<bool> IsThereAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Opens the output for the engine's bytes. Called at most once.</summary>
    /// <param name="exporterResponse">What the exporter reported so far.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The stream to write to; it is disposed in any case.</returns>
    Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken);

    /// <summary>All bytes are there. Without it the output is not committed. Called once the stream is disposed.</summary>
    void Complete();
}

/// <summary>An output that is a tree of files: <c>local</c>.</summary>
public interface ITreeOutput : IExportOutput
{
    /// <summary>
    /// Opens a writer for one incoming tree. Engines may send several trees at once into one output (one a platform),
    /// each with its own writer.
    /// </summary>
    /// <returns>The writer.</returns>
    ITreeWriter OpenTree();
}

/// <summary>Takes one tree, entry by entry. Everything in it comes from the engine and is hostile until checked.</summary>
public interface ITreeWriter : IAsyncDisposable
{
    /// <summary>Makes an entry: a folder, a link, a device. A file is made when its bytes come. Parents come before children.</summary>
    /// <param name="entry">The entry.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/> for a path that leaves the tree or is out of order; <see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    void Add(FileEntry entry);

    /// <summary>Opens a regular file that was added, to take its bytes.</summary>
    /// <param name="file">The entry, as it was added; once only.</param>
    /// <returns>The stream to write to; the file is complete when it is disposed.</returns>
    Stream OpenWrite(FileEntry file);

    /// <summary>All entries and bytes are there: sets the times that writing disturbed.</summary>
    void Complete();
}
