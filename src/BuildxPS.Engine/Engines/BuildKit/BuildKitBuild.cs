using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Diagnostics;
using BuildxPS.Engine.Sessions;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>
/// One build on a BuildKit: a session, a Status call, a Control.Solve that lasts as long as the build, and gateway
/// calls beside it.
/// </summary>
internal sealed partial class BuildKitBuild : IRunningBuild
{
    /// <summary>The header that ties a gateway call to its build.</summary>
    public const string BuildIdHeader = "buildkit-controlapi-buildid";

    private static readonly TimeSpan s_disposeLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_failLimit = TimeSpan.FromSeconds(10);

    private readonly EngineChannel _channel;
    private readonly EngineErrorContext _context;
    private readonly BuildJournal _journal;
    private readonly SessionServer _session;
    private readonly Func<bool> _needsSession;
    private readonly StatusStream _status;
    private readonly CancellationTokenSource _lifetime;
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationToken _caller;
    private readonly Task<IReadOnlyDictionary<string, string>> _solve;
    private readonly Task _watch;
    private int _returned;
    private int _disposed;

    private BuildKitBuild(
        EngineChannel channel,
        EngineErrorContext context,
        BuildJournal journal,
        SessionServer session,
        Func<bool> needsSession,
        StatusStream status,
        Protocol.SolveRequest request,
        CancellationTokenSource lifetime,
        EngineSilence silence,
        CancellationToken caller)
    {
        _channel = channel;
        _context = context;
        _journal = journal;
        _session = session;
        _needsSession = needsSession;
        _status = status;
        _lifetime = lifetime;
        _caller = caller;
        _solve = SolveOnEngineAsync(request);
        _watch = Task.WhenAll(WatchEngineAsync(silence), WatchSessionAsync(silence));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<BuildEvent> Events => _status.ReadAllAsync(CancellationToken.None);

    /// <summary>Opens the session and the event stream, and starts the build on the engine.</summary>
    /// <param name="channel">The engine.</param>
    /// <param name="sessions">Opens the session's tunnel.</param>
    /// <param name="context">The engine's address.</param>
    /// <param name="build">What to build.</param>
    /// <param name="services">What the session serves.</param>
    /// <param name="silence">When the engine counts as lost.</param>
    /// <param name="cancellationToken">Cancels the build.</param>
    /// <returns>The running build.</returns>
    public static async Task<BuildKitBuild> StartAsync(
        EngineChannel channel,
        ISessionTransport sessions,
        EngineErrorContext context,
        EngineBuild build,
        SessionServices services,
        EngineSilence silence,
        CancellationToken cancellationToken)
    {
        var journal = new BuildJournal();
        var sessionId = EngineProbe.NewId();
        SessionServer? session = null;
        StatusStream? status = null;
        var lifetime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var tunnel = await sessions.OpenAsync(SessionHeaders.Create(sessionId, build.SharedKey, services.Methods), cancellationToken).ConfigureAwait(false);
            session = await SessionServer.StartAsync(tunnel, services.Methods, cancellationToken).ConfigureAwait(false);
            await ((Task)session.Opened.WaitAsync(silence.Session, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            limit.CancelAfter(silence.Start);
            status = await StatusStream.OpenAsync(channel.Invoker, build.Ref, journal, limit.Token).ConfigureAwait(false);
            context = context with { BuildRef = build.Ref, Journal = journal };
            return new BuildKitBuild(
                channel, context, journal, session, services.AreAwaited, status, CreateRequest(build, sessionId), lifetime, silence, cancellationToken);
        }
        catch (Exception e)
        {
            status?.Dispose();
            if (session is not null)
            {
                await session.DisposeAsync().ConfigureAwait(false);
            }

            lifetime.Dispose();
            if (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested && e is RpcException or OperationCanceledException)
            {
                throw new TimeoutException(e.Message, e);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        var cancelled = !_solve.IsCompleted || _lifetime.IsCancellationRequested;
        try
        {
            await _lifetime.CancelAsync().ConfigureAwait(false);
            await _ended.CancelAsync().ConfigureAwait(false);
            await _watch.ConfigureAwait(false);
        }
        finally
        {
            _status.StopDelivering();
            if (cancelled)
            {
                // The engine ends the event stream when it has dropped the build: then the cancel has arrived for sure,
                // even if this process ends next. A dead engine is not waited for.
                await ((Task)Task.WhenAll(_solve, _status.Completion).WaitAsync(s_disposeLimit)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            _status.Dispose();
            await _session.DisposeAsync().ConfigureAwait(false);
            _lifetime.Dispose();
        }
    }

    private static Protocol.SolveRequest CreateRequest(EngineBuild build, string sessionId)
    {
        var request = new Protocol.SolveRequest { Ref = build.Ref, Session = sessionId, Internal = build.IsInternal };
        request.FrontendAttrs.Add(build.FrontendAttributes.ToDictionary());
        foreach (var exporter in build.Exporters)
        {
            var message = new Protocol.Exporter { Type = exporter.Type };
            message.Attrs.Add(exporter.Attributes.ToDictionary());
            request.Exporters.Add(message);
        }

        request.Cache = new Protocol.CacheOptions { Exports = { build.CacheExports.Select(Translate) }, Imports = { build.CacheImports.Select(Translate) } };
        if (request.Exporters.Count > 0)
        {
            request.ExporterDeprecated = request.Exporters[0].Type;
            request.ExporterAttrsDeprecated.Add(request.Exporters[0].Attrs);
        }

        return request;
    }

    private static Protocol.CacheEntry Translate(EngineCache cache)
        => new() { Type = cache.Type, Attrs = { cache.Attributes.ToDictionary() } };

    /// <summary>The call that is the build. When it ends, whatever else is under way for the build ends too.</summary>
    private async Task<IReadOnlyDictionary<string, string>> SolveOnEngineAsync(Protocol.SolveRequest request)
    {
        try
        {
            using var call = _channel.Control.SolveAsync(request, new CallOptions(cancellationToken: _lifetime.Token));
            var response = await call.ResponseAsync.ConfigureAwait(false);
            return new Dictionary<string, string>(response.ExporterResponse, StringComparer.Ordinal);
        }
        finally
        {
            _status.BuildEnded();
            // Not awaited: who waits for a gateway call goes on from here, and the build's own end must not wait for it.
            _ = _ended.CancelAsync();
        }
    }
}
