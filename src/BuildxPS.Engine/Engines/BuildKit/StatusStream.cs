using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using BuildxPS.Engine.Diagnostics;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>
/// The events of one build. They wait in a bounded channel: an engine that talks faster than its events are read is
/// slowed down by its connection, not stored here.
/// </summary>
internal sealed class StatusStream : IDisposable
{
    private const int MaxWaitingMessages = 32;
    private static readonly TimeSpan s_silenceAfterEnd = TimeSpan.FromSeconds(5);

    private readonly AsyncDuplexStreamingCall<Protocol.StatusRequest, Protocol.StatusResponse> _call;
    private readonly CancellationTokenSource _silence = new();
    private readonly BuildJournal _journal;
    private readonly Channel<List<BuildEvent>> _events = Channel.CreateBounded<List<BuildEvent>>(
        new BoundedChannelOptions(MaxWaitingMessages) { SingleReader = true, SingleWriter = true });

    private readonly StatusTranslation _translation = new();
    private long _heard = Stopwatch.GetTimestamp();
    private volatile bool _buildEnded;

    private StatusStream(AsyncDuplexStreamingCall<Protocol.StatusRequest, Protocol.StatusResponse> call, BuildJournal journal)
    {
        _call = call;
        _journal = journal;
        Completion = PumpAsync();
    }

    /// <summary>Ends when the engine has no more to say, or the stream was given up. Fails only by a mistake of this client.</summary>
    public Task Completion { get; }

    /// <summary>The engine's error if it had something to say and could not, such as names that are not UTF-8.</summary>
    public RpcException? Unsayable { get; private set; }

    /// <summary>How long ago the engine said something.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _heard));

    /// <summary>Asks for a build's events, before the build is started.</summary>
    /// <param name="invoker">Calls the engine.</param>
    /// <param name="buildRef">The build.</param>
    /// <param name="journal">Takes note of what happens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The stream; its request has been sent.</returns>
    public static async Task<StatusStream> OpenAsync(CallInvoker invoker, string buildRef, BuildJournal journal, CancellationToken cancellationToken)
    {
        var headers = new Metadata { { "buildkit-current-timestamp", DateTimeOffset.UtcNow.ToString("O") } };
        var call = invoker.AsyncDuplexStreamingCall(ControlMethods.Status, null, new CallOptions(headers, cancellationToken: CancellationToken.None));
        try
        {
            await call.RequestStream.WriteAsync(new Protocol.StatusRequest { Ref = buildRef }, cancellationToken).ConfigureAwait(false);
            await call.RequestStream.CompleteAsync().ConfigureAwait(false);
            return new StatusStream(call, journal);
        }
        catch
        {
            call.Dispose();
            throw;
        }
    }

    /// <summary>The events, until the stream ends.</summary>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The events.</returns>
    public async IAsyncEnumerable<BuildEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var batch in _events.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (var buildEvent in batch)
            {
                yield return buildEvent;
            }
        }
    }

    /// <summary>The build has ended: the stream should end by itself, and is given up if it falls silent.</summary>
    public void BuildEnded()
    {
        _buildEnded = true;
        _silence.CancelAfter(s_silenceAfterEnd);
    }

    /// <summary>Nobody reads any longer: what comes is thrown away, so that the end can be seen.</summary>
    public void StopDelivering() => _events.Writer.TryComplete();

    /// <inheritdoc/>
    public void Dispose()
    {
        StopDelivering();
        // First, so that no timer keeps all this: a timer of a source that is cancelled runs to its end.
        _silence.CancelAfter(Timeout.InfiniteTimeSpan);
        _silence.Cancel();
        _call.Dispose();
    }

    private async Task PumpAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(_silence.Token).ConfigureAwait(false))
            {
                Volatile.Write(ref _heard, Stopwatch.GetTimestamp());
                await DeliverAsync(_translation.Translate(_call.ResponseStream.Current)).ConfigureAwait(false);
                if (_buildEnded)
                {
                    _silence.CancelAfter(s_silenceAfterEnd);
                }
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Events only accompany a build: whether it failed, and why, its calls say. Only an engine that cannot put into words
            // why breaks those off without any.
            Unsayable = e is RpcException { StatusCode: StatusCode.Internal } rpc && rpc.Status.Detail.Contains("error while marshaling", StringComparison.Ordinal) ? rpc : null;
        }
        catch (Exception e)
        {
            // A mistake of this client: whoever reads the events meets it.
            _events.Writer.TryComplete(e);
            throw;
        }
        finally
        {
            _events.Writer.TryComplete();
        }
    }

    /// <summary>An event without the keys of addresses in a step's error; the journal, which compares errors, has the engine's own words.</summary>
    private static BuildEvent Shown(BuildEvent buildEvent)
        => buildEvent is VertexChanged { Error: { } error } vertex ? vertex with { Error = BuildAddress.Hide(error) } : buildEvent;

    private async ValueTask DeliverAsync(List<BuildEvent> events)
    {
        foreach (var buildEvent in events)
        {
            _journal.Add(buildEvent);
        }

        try
        {
            if (events.Count > 0)
            {
                await _events.Writer.WriteAsync(events.ConvertAll(Shown)).ConfigureAwait(false);
            }
        }
        catch (ChannelClosedException)
        {
            // Nobody reads any longer.
        }
    }
}
