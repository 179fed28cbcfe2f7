using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Diagnostics;
using BuildxPS.Engine.Sessions;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>BuildKit over gRPC: in a docker daemon, or by itself. Builds may run side by side.</summary>
public sealed class BuildKitEngine : IBuildEngine
{
    private readonly EngineChannel _channel;
    private readonly ISessionTransport _sessions;
    private readonly EngineErrorContext _context;
    private readonly EngineSilence _silence;
    private readonly SemaphoreSlim _describing = new(1, 1);
    private EngineDescription? _description;

    /// <summary>Creates an engine. Nothing is contacted before the first call.</summary>
    /// <param name="connector">Opens connections on which the engine speaks gRPC.</param>
    /// <param name="sessionTransport">Opens session tunnels; null to open them through the engine's control service.</param>
    /// <param name="endpoint">The address as the user knows it, for messages.</param>
    /// <param name="silence">When it counts as lost during a build; null for the usual times.</param>
    internal BuildKitEngine(IConnector connector, ISessionTransport? sessionTransport, string endpoint, EngineSilence? silence = null)
    {
        _channel = new EngineChannel(connector);
        _sessions = sessionTransport ?? new ControlSessionTransport(_channel.Invoker);
        _silence = silence ?? new EngineSilence();
        _context = new EngineErrorContext { Endpoint = endpoint };
    }

    /// <inheritdoc/>
    public async Task<EngineDescription> DescribeAsync(CancellationToken cancellationToken)
    {
        await _describing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _description ??= await EngineProbe.DescribeAsync(_channel, _silence.Start, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw Explain(e, _context, cancellationToken);
        }
        finally
        {
            _describing.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<EngineDescription> IdentifyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return _description ?? await EngineProbe.IdentifyAsync(_channel, _silence.Start, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw Explain(e, _context, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<IRunningBuild> StartAsync(EngineBuild build, BuildServices services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(build);
        ArgumentNullException.ThrowIfNull(services);
        try
        {
            return await BuildKitBuild.StartAsync(_channel, _sessions, _context, build, SessionMethods.For(services), _silence, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw Explain(e, _context with { BuildRef = build.Ref }, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordedAttestation>> ReadProvenanceAsync(string buildRef, CancellationToken cancellationToken)
    {
        var options = new CallOptions(deadline: DateTime.UtcNow + _silence.Start, cancellationToken: cancellationToken);
        try
        {
            return await BuildRecords.ReadProvenanceAsync(_channel, buildRef, options).ConfigureAwait(false);
        }
        catch (RpcException e) when (UnknownMethod.IsSaidBy(e))
        {
            // Before 0.11.
            return [];
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw Explain(e, _context with { BuildRef = buildRef }, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<CacheRecord> ListCacheAsync(CacheSelection selection, CancellationToken cancellationToken)
        => new BuildKitCache(_channel, _context, _silence).ListAsync(selection, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<CacheRecord> PruneCacheAsync(CachePruning pruning, CancellationToken cancellationToken)
        => new BuildKitCache(_channel, _context, _silence).PruneAsync(pruning, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        return ValueTask.CompletedTask;
    }

    private Exception Explain(Exception error, EngineErrorContext context, CancellationToken cancellationToken)
        => cancellationToken.IsCancellationRequested ? new OperationCanceledException(error.Message, error, cancellationToken)
            : error is TimeoutException ? TransportErrors.NoAnswer(_silence.Start, context, error)
            : EngineErrors.Explain(error, context);
}
