using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>What a build reads and writes on this client.</summary>
internal sealed class ClientFiles : IAsyncDisposable
{
    private readonly OrderedDictionary<PlannedOutput, IExportOutput> _outputs = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<IExportOutput> _last = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, IFileSource> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IUploadSource> _uploads = new(StringComparer.Ordinal);

    private ClientFiles(ClientContent content) => Content = content;

    /// <summary>Caches and layouts. They are committed apart, since their names come from the engine's answers.</summary>
    public ClientContent Content { get; }

    /// <summary>Failures of these files while the engine used them.</summary>
    public OwnFailures Failures { get; } = new();

    /// <summary>Streams that the engine may take, by id.</summary>
    public IReadOnlyDictionary<string, IUploadSource> Uploads => _uploads;

    /// <summary>Folders by mount name.</summary>
    public IReadOnlyDictionary<string, IFileSource> Sources => _sources;

    /// <summary>Opens the files of a build. Nothing is written yet.</summary>
    /// <param name="inputs">The local inputs.</param>
    /// <param name="outputs">The outputs.</param>
    /// <param name="parts">Makes sources and outputs.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The files.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public static ClientFiles Open(BuildInputs inputs, IReadOnlyList<PlannedOutput> outputs, BuildParts parts, ClientEnvironment environment)
    {
        var files = new ClientFiles(ClientContent.Open(inputs.Caches, inputs.Contexts, outputs, environment));
        foreach (var output in outputs.Where(o => o.Client is ClientOutput.File or ClientOutput.Folder))
        {
            files._outputs[output] = WatchedOutput.Watch(parts.CreateOutput(output), files.Failures);
        }

        files.Offer("context", inputs.Context.Open(parts.OpenSource));
        files.Add(inputs.Dockerfile, parts);
        if (inputs.Context.Archive is { } archive)
        {
            files._uploads[inputs.Context.UploadId] = new ContextUpload(archive);
        }

        foreach (var context in inputs.Contexts.Where(c => c.Spec.Kind == BuildContextKind.Folder))
        {
            files.Offer(ClientContent.MountOf(context.Spec.Name), parts.OpenSource(context.Spec.Location));
        }

        return files;
    }

    /// <summary>Adds the Dockerfile, once it is known.</summary>
    /// <param name="dockerfile">The Dockerfile.</param>
    /// <param name="parts">Makes sources.</param>
    public void Add(DockerfileInput dockerfile, BuildParts parts) => Offer("dockerfile", dockerfile.Open(parts.OpenSource));

    /// <summary>Lets several engines have what can be read only once.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task ShareAsync(CancellationToken cancellationToken)
    {
        foreach (var upload in _uploads.Values.OfType<ContextUpload>())
        {
            await upload.ShareAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Offer(string mount, IFileSource? source)
    {
        if (source is not null)
        {
            _sources[mount] = new WatchedSource(source, Failures);
        }
    }

    /// <summary>Adds an output whose place is known only now. It is committed before the others: it is the likeliest to fail.</summary>
    /// <param name="output">The output.</param>
    /// <param name="place">Where it goes; it is disposed here.</param>
    public void Add(PlannedOutput output, IExportOutput place) => _outputs.Insert(0, output, WatchedOutput.Watch(place, Failures));

    /// <summary>Adds an output that cannot be taken back: it is committed by <see cref="CommitLastAsync"/>, when nothing can fail any more.</summary>
    /// <param name="output">The output.</param>
    /// <param name="place">Where it goes; it is disposed here.</param>
    public void AddLast(PlannedOutput output, IExportOutput place)
    {
        var watched = WatchedOutput.Watch(place, Failures);
        _outputs.Add(output, watched);
        _last.Add(watched);
    }

    /// <summary>Where an output's files go.</summary>
    /// <param name="output">The output.</param>
    /// <returns>Null where it sends none here.</returns>
    public IExportOutput? For(PlannedOutput output) => _outputs.GetValueOrDefault(output);

    /// <summary>
    /// Moves all that was received to its destinations: all of it, or nothing as far as that can be. Nothing is moved before
    /// everything has been prepared.
    /// </summary>
    /// <param name="all">All outputs of the build, those included that leave nothing here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">An output could not be put in place; the message says what became of the others.</exception>
    public async Task CommitAsync(IReadOnlyList<PlannedOutput> all, CancellationToken cancellationToken)
    {
        if (Failures.First is { } own)
        {
            // The engine knew of it, and reported success all the same.
            throw own;
        }

        var placed = new Stack<IExportOutput>();
        try
        {
            foreach (var output in _outputs.Values)
            {
                await output.PrepareAsync(cancellationToken).ConfigureAwait(false);
            }

            foreach (var output in _outputs.Values.Where(o => !_last.Contains(o)))
            {
                await output.CommitAsync(cancellationToken).ConfigureAwait(false);
                placed.Push(output);
            }
        }
        catch (BuildxException e)
        {
            var others = await UndoAsync(placed).ConfigureAwait(false);
            others.AddRange(all.Where(o => o.Client == ClientOutput.None && !_outputs.ContainsKey(o)).Select(o => $"The output '{o.Spec}' is the engine's own doing and stays."));
            if (others.Count == 0)
            {
                throw;
            }

            throw new BuildxException(e.Failure, $"{e.Message} {string.Join(' ', others)}", e.Advice, e) { IsTransient = e.IsTransient };
        }
        catch (OperationCanceledException)
        {
            _ = await UndoAsync(placed).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Commits what <see cref="AddLast"/> added.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task CommitLastAsync(CancellationToken cancellationToken)
    {
        foreach (var output in _last)
        {
            await output.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<List<string>> UndoAsync(Stack<IExportOutput> placed)
    {
        var became = new List<string>();
        foreach (var output in placed)
        {
            became.Add(await output.UndoAsync().ConfigureAwait(false));
        }

        return became;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var output in _outputs.Values)
        {
            await output.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var source in _sources.Values.OfType<IDisposable>())
        {
            source.Dispose();
        }

        foreach (var upload in _uploads.Values.OfType<IAsyncDisposable>())
        {
            await upload.DisposeAsync().ConfigureAwait(false);
        }

        _outputs.Clear();
        await Content.DisposeAsync().ConfigureAwait(false);
    }
}
