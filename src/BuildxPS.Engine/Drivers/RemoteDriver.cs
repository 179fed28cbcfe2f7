using System.Diagnostics;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;

namespace BuildxPS.Engine.Drivers;

/// <summary>A BuildKit that somebody else starts and stops, and that is only reached.</summary>
/// <param name="connector">How it is reached.</param>
/// <param name="options">The driver's options.</param>
/// <param name="host">The docker daemon or cluster that it runs in, disposed with the driver; null where there is none.</param>
internal sealed class RemoteDriver(IConnector connector, RemoteOptions options, IDisposable? host) : IDriver, IDockerMachine
{
    /// <summary>The driver's name in buildx.</summary>
    public const string DriverName = "remote";

    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    private IBuildEngine? _answering;

    /// <summary>How long an engine that does not answer yet is waited for.</summary>
    public TimeSpan Patience { get; init; } = s_wait;

    /// <summary>How long an engine may take to answer before it is shown that it is waited for.</summary>
    public TimeSpan Moment { get; init; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Name => DriverName;

    /// <inheritdoc/>
    public DockerDaemon? MachineDaemon => host as DockerDaemon;

    /// <inheritdoc/>
    public DriverFeatures GetFeatures(EngineDescription engine) => new()
    {
        HasContainerdStore = true,
        LoadsByDefault = options.LoadsByDefault,
        SharesLoopback = LocalAddress.IsThisMachine(connector.Address),
    };

    /// <inheritdoc/>
    public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var engine = Interlocked.Exchange(ref _answering, null);
        return Task.FromResult(engine ?? new BuildKitEngine(connector, null, connector.Address));
    }

    /// <summary>Waits for an engine that somebody else is starting right now.</summary>
    /// <param name="report">Takes the step, where there is something to wait for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that ends when the engine answers.</returns>
    /// <exception cref="BuildxException">Why it does not answer. What no waiting changes, such as a certificate, is thrown at once.</exception>
    public async Task BootAsync(Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        var first = TryAsync(cancellationToken);
        await Task.WhenAny(first, Task.Delay(Moment, cancellationToken)).ConfigureAwait(false);
        if (!first.IsCompleted || await first.ConfigureAwait(false) is not null)
        {
            await new BootSteps(report, "[internal] waiting for connection").RunAsync(() => WaitAsync(first, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _answering, null) is { } engine)
        {
            await engine.DisposeAsync().ConfigureAwait(false);
        }

        host?.Dispose();
    }

    private async Task WaitAsync(Task<BuildxException?> first, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var failure = await first.ConfigureAwait(false);
        while (failure is not null)
        {
            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (Patience - Stopwatch.GetElapsedTime(started) is var left && left <= TimeSpan.Zero)
            {
                throw failure;
            }

            limit.CancelAfter(left);
            try
            {
                failure = await TryAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The time is over; what went wrong before is why.
            }
        }
    }

    /// <summary>Asks the engine what it is, which a build wants to know anyway.</summary>
    /// <returns>Null where it answers; else why nothing does.</returns>
    private async Task<BuildxException?> TryAsync(CancellationToken cancellationToken)
    {
        var engine = new BuildKitEngine(connector, null, connector.Address);
        try
        {
            await engine.DescribeAsync(cancellationToken).ConfigureAwait(false);
            if (Interlocked.Exchange(ref _answering, engine) is { } former)
            {
                await former.DisposeAsync().ConfigureAwait(false);
            }

            return null;
        }
        catch (BuildxException e) when (e is { Failure: BuildxFailure.EngineUnreachable or BuildxFailure.EngineLost, IsTransient: true })
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            return e;
        }
        catch
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
