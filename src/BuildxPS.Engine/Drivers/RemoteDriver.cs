using System.Diagnostics;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;

namespace BuildxPS.Engine.Drivers;

/// <summary>A BuildKit that somebody else starts and stops, and that is only reached.</summary>
/// <param name="connector">How it is reached.</param>
/// <param name="options">The driver's options.</param>
/// <param name="host">The docker daemon or cluster that it runs in, disposed with the driver; null where there is none.</param>
internal sealed class RemoteDriver(IConnector connector, RemoteOptions options, IDisposable? host) : IDriver
{
    /// <summary>The driver's name in buildx.</summary>
    public const string DriverName = "remote";

    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    private IBuildEngine? _answering;

    /// <summary>How long an engine that does not answer yet is waited for.</summary>
    public TimeSpan Patience { get; init; } = s_wait;

    /// <inheritdoc/>
    public string Name => DriverName;

    /// <inheritdoc/>
    public DriverFeatures GetFeatures(EngineDescription engine) => new() { HasContainerdStore = true, LoadsByDefault = options.LoadsByDefault };

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
        if (await TryAsync(cancellationToken).ConfigureAwait(false) is { } failure)
        {
            await new BootSteps(report, "[internal] waiting for connection").RunAsync(() => WaitAsync(failure, cancellationToken), cancellationToken).ConfigureAwait(false);
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

    private async Task WaitAsync(BuildxException failure, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Patience)
        {
            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
            if (await TryAsync(cancellationToken).ConfigureAwait(false) is not { } again)
            {
                return;
            }

            failure = again;
        }

        throw failure;
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
        catch (BuildxException e) when (e is { Failure: BuildxFailure.EngineUnreachable, IsTransient: true })
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
