using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>A build that a test disturbs while it runs.</summary>
internal sealed class RunningBuild : IAsyncDisposable
{
    private readonly IRunningBuild _running;
    private readonly TaskCompletionSource _printed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _transferring = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _events;

    private RunningBuild(IRunningBuild running)
    {
        _running = running;
        _events = WatchAsync();
        Outcome = RunAsync();
    }

    /// <summary>How it ends.</summary>
    public Task Outcome { get; }

    public static async Task<RunningBuild> StartAsync(BuildKitEngine engine, string dockerfile, IFileSource? context = null, IFileOutput? output = null)
    {
        var build = new EngineBuild { Ref = RealEngine.NewRef(), Exporters = output is null ? [] : [new() { Type = "tar" }] };
        var services = new BuildServices
        {
            Sources = new Dictionary<string, IFileSource>
            {
                ["dockerfile"] = new MemoryFileSource().Add("Dockerfile", dockerfile),
                ["context"] = context ?? new MemoryFileSource(),
            },
            Outputs = [output],
        };
        return new RunningBuild(await engine.StartAsync(build, services, CancellationToken.None).WaitAsync(RealEngine.Guard));
    }

    /// <summary>Until a step has printed something.</summary>
    public async Task PrintsAsync() => await await Task.WhenAny(_printed.Task, Outcome).WaitAsync(RealEngine.Guard);

    /// <summary>Until some megabytes of the context have arrived.</summary>
    public async Task TransfersAsync() => await await Task.WhenAny(_transferring.Task, Outcome).WaitAsync(RealEngine.Guard);

    /// <summary>The failure that it ends with.</summary>
    public async Task<BuildFailedException> FailsAsync()
    {
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => Outcome.WaitAsync(RealEngine.Guard));
        await _events.WaitAsync(RealEngine.Guard);
        return failure;
    }

    /// <summary>The failure of a build whose engine, or the way to it, went away: what every one of them has to say.</summary>
    public async Task<BuildFailedException> IsLostAsync(string address)
    {
        var failure = await FailsAsync();
        Assert.True(failure.Failure == BuildxFailure.EngineLost, failure.ToString());
        Assert.True(failure.IsTransient);
        Assert.Contains(address, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
        Assert.NotNull(failure.BuildRef);
        return failure;
    }

    public async ValueTask DisposeAsync()
    {
        await _running.DisposeAsync().AsTask().WaitAsync(RealEngine.Guard);
        await Outcome.WaitAsync(RealEngine.Guard).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _events.WaitAsync(RealEngine.Guard);
    }

    private async Task RunAsync()
    {
        var result = await _running.SolveAsync(RealEngine.Dockerfile(), CancellationToken.None);
        await _running.ExportAsync(result, CancellationToken.None);
    }

    private async Task WatchAsync()
    {
        await foreach (var e in _running.Events)
        {
            if (e is VertexLog)
            {
                _printed.TrySetResult();
            }
            else if (e is VertexProgress { Current: > 4_000_000 })
            {
                _transferring.TrySetResult();
            }
        }
    }
}
