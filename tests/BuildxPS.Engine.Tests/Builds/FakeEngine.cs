using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>An engine in this process that does what a test scripts.</summary>
internal sealed class FakeEngine : IBuildEngine, IDriver
{
    /// <summary>What a solve does; it may send events.</summary>
    public Func<FakeBuild, CancellationToken, Task> Solve { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>What an export does; it may send events and write outputs.</summary>
    public Func<FakeBuild, CancellationToken, Task> Export { get; set; } = (_, _) => Task.CompletedTask;

    public EngineDescription Description { get; set; } = new()
    {
        Version = "v0.25.2",
        Workers = [new EngineWorker { Id = "w", Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/386")] }],
        Capabilities = new HashSet<string>(StringComparer.Ordinal) { "exporter.multiple", "exporter.image.attestations" },
    };

    public DriverFeatures Features { get; set; } = new() { IsDockerDaemon = true, HasContainerdStore = true };

    public Dictionary<string, string> Response { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ReadOnlyMemory<byte>> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Disposing a build never ends, as with an engine that is gone.</summary>
    public bool HangsOnDispose { get; set; }

    /// <summary>What its cache has.</summary>
    public IReadOnlyList<CacheRecord> Cache { get; set; } = [];

    public bool Pruned { get; private set; }

    public FakeBuild? Build { get; private set; }

    public bool IsDisposed { get; private set; }

    public int Connections { get; private set; }

    public string Name => "docker";

    public BuilderHandle Builder() => new()
    {
        Name = "default",
        Driver = "docker",
        Nodes = [new NodeHandle { Name = "default", Endpoint = "unix:///fake", Driver = this }],
    };

    public DriverFeatures GetFeatures(EngineDescription engine) => Features;

    public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
    {
        Connections++;
        return Task.FromResult<IBuildEngine>(this);
    }

    public Task<EngineDescription> DescribeAsync(CancellationToken cancellationToken) => Task.FromResult(Description);

    public Task<IRunningBuild> StartAsync(EngineBuild build, BuildServices services, CancellationToken cancellationToken)
    {
        Build = new FakeBuild(this, build, services, cancellationToken);
        return Task.FromResult<IRunningBuild>(Build);
    }

    public IAsyncEnumerable<CacheRecord> ListCacheAsync(CacheSelection selection, CancellationToken cancellationToken) => Cache.ToAsyncEnumerable();

    public IAsyncEnumerable<CacheRecord> PruneCacheAsync(CachePruning pruning, CancellationToken cancellationToken)
    {
        Pruned = true;
        return Cache.ToAsyncEnumerable();
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}

/// <summary>A build of a <see cref="FakeEngine"/>.</summary>
internal sealed class FakeBuild(FakeEngine engine, EngineBuild build, BuildServices services, CancellationToken cancelled) : IRunningBuild
{
    private readonly Channel<BuildEvent> _events = Channel.CreateUnbounded<BuildEvent>();
    private bool _ended;

    public EngineBuild Request { get; } = build;

    public BuildServices Services { get; } = services;

    public FrontendCall? Call { get; private set; }

    public BuildxException? Failed { get; private set; }

    /// <summary>Completes when the engine saw the build being cancelled.</summary>
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IAsyncEnumerable<BuildEvent> Events => ReadAsync();

    public void Send(params BuildEvent[] events)
    {
        foreach (var e in events)
        {
            Assert.True(_events.Writer.TryWrite(e));
        }
    }

    public async Task<EngineResult> SolveAsync(FrontendCall call, CancellationToken cancellationToken)
    {
        Call = call;
        using var _ = cancelled.Register(() => Cancelled.TrySetResult());
        await engine.Solve(this, cancellationToken);
        return new FakeResult(engine.Metadata);
    }

    public Task<EngineResult> FetchAsync(string address, string fileName, string stepName, CancellationToken cancellationToken)
        => Task.FromResult<EngineResult>(new FakeResult(engine.Metadata));

    public Task EvaluateAsync(EngineResult result, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<ReadOnlyMemory<byte>> ReadFileAsync(EngineResult result, Platform? platform, string path, int maxBytes, CancellationToken cancellationToken)
        => Task.FromResult(ReadOnlyMemory<byte>.Empty);

    public async Task<IReadOnlyDictionary<string, string>> ExportAsync(EngineResult result, CancellationToken cancellationToken)
    {
        using var _ = cancelled.Register(() => Cancelled.TrySetResult());
        try
        {
            await engine.Export(this, cancellationToken);
            return engine.Response;
        }
        finally
        {
            End();
        }
    }

    public Task FailAsync(BuildxException error, CancellationToken cancellationToken)
    {
        Failed = error;
        End();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (!_ended)
        {
            Cancelled.TrySetResult();
        }

        if (engine.HangsOnDispose)
        {
            return new ValueTask(new TaskCompletionSource().Task);
        }

        End();
        return ValueTask.CompletedTask;
    }

    private void End()
    {
        _ended = true;
        _events.Writer.TryComplete();
    }

    private async IAsyncEnumerable<BuildEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var e in _events.Reader.ReadAllAsync(cancellationToken))
        {
            yield return e;
        }
    }

    private sealed class FakeResult(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> metadata) : EngineResult
    {
        public override IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Metadata => metadata;
    }
}

/// <summary>A folder of the engine's in memory; a test can make it fail.</summary>
internal sealed class FakeSource(string root) : IFileSource
{
    public string Root { get; } = root;

    public BuildxException? Failure { get; set; }

    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
    {
        yield return new FileEntry { Path = "a", Mode = (FileEntryMode)0x1A4, Size = 1 };
        if (Failure is not null)
        {
            throw Failure;
        }
    }

    public Stream OpenRead(string path) => Failure is null ? new MemoryStream("a"u8.ToArray()) : throw Failure;
}

/// <summary>An output that remembers what became of it.</summary>
internal sealed class FakeOutput(string path) : IFileOutput
{
    public string Path { get; } = path;

    public BuildxException? WriteFailure { get; set; }

    public BuildxException? PrepareFailure { get; set; }

    public BuildxException? CommitFailure { get; set; }

    public MemoryStream Received { get; } = new();

    public bool IsCommitted { get; private set; }

    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
        => WriteFailure is null ? Task.FromResult<Stream>(Received) : throw WriteFailure;

    public void Complete()
    {
    }

    public Task PrepareAsync(CancellationToken cancellationToken)
        => PrepareFailure is null ? Task.CompletedTask : throw PrepareFailure;

    public Task CommitAsync(CancellationToken cancellationToken)
    {
        IsCommitted = CommitFailure is null ? true : throw CommitFailure;
        File.WriteAllBytes(Path, Received.ToArray());
        return Task.CompletedTask;
    }

    public Task<string> UndoAsync()
    {
        IsCommitted = false;
        File.Delete(Path);
        return Task.FromResult($"'{Path}' is as it was before.");
    }

    public ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }

    public static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
