using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace BuildxPS.Engine.Sessions;

/// <summary>Finds the method of each call, and turns how it ends into a gRPC status.</summary>
internal sealed class SessionDispatcher : IHttpApplication<IFeatureCollection>, IDisposable
{
    // Go's method names differ in case between versions of the engine.
    private readonly Dictionary<string, ISessionMethod> _methods = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _stopping = new();
    private Exception? _firstFailure;

    public SessionDispatcher(IEnumerable<ISessionMethod> methods)
    {
        foreach (var method in methods.Append(new HealthMethod()))
        {
            _methods[method.Path] = method;
        }
    }

    /// <summary>The first failure of one of our own methods; null if there was none.</summary>
    public Exception? FirstFailure => Volatile.Read(ref _firstFailure);

    /// <inheritdoc/>
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var lifetime = context.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        using var aborted = CancellationTokenSource.CreateLinkedTokenSource(lifetime.RequestAborted, _stopping.Token);
        var call = new SessionCall(context, aborted.Token);
        var (code, message) = await InvokeAsync(call).ConfigureAwait(false);
        try
        {
            await call.CompleteAsync(code, message).ConfigureAwait(false);
        }
        catch (Exception e) when (IsGone(e, call))
        {
            // There is nobody left to tell.
        }
    }

    /// <inheritdoc/>
    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    /// <summary>Aborts all calls.</summary>
    public void Stop() => _stopping.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task<(StatusCode Code, string Message)> InvokeAsync(SessionCall call)
    {
        if (!_methods.TryGetValue(call.Method, out var method))
        {
            return (StatusCode.Unimplemented, $"this client does not serve {call.Method}");
        }

        try
        {
            await method.InvokeAsync(call).ConfigureAwait(false);
            return (StatusCode.OK, "");
        }
        catch (SessionStatusException e)
        {
            if (e.InnerException is BuildxException cause)
            {
                Record(cause);
            }

            return (e.Code, e.Message);
        }
        catch (BuildxException e)
        {
            Record(e);
            return (StatusCode.FailedPrecondition, e.Message);
        }
        catch (Exception e) when (IsGone(e, call))
        {
            return (StatusCode.Cancelled, "the call was cancelled");
        }
#pragma warning disable CA1031 // Whatever a method throws must end this call and no other.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // The text may name things of this machine that are none of the engine's business.
            Record(e);
            return (StatusCode.Internal, "the client failed while serving this call");
        }
    }

    private static bool IsGone(Exception exception, SessionCall call)
        => exception is ConnectionResetException or ConnectionAbortedException or ObjectDisposedException
            || (call.Aborted.IsCancellationRequested && exception is (OperationCanceledException or IOException or InvalidOperationException));

    private void Record(Exception failure) => Interlocked.CompareExchange(ref _firstFailure, failure, null);
}
