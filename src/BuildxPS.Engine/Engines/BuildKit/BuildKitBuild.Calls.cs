using BuildxPS.Engine.Diagnostics;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

// The gateway's calls, and what is made of their failures.
internal sealed partial class BuildKitBuild
{
    private static readonly TimeSpan s_trueErrorLimit = TimeSpan.FromSeconds(1);

    /// <summary>The events that explain a failure come a moment after it; on a busy machine that is a long one.</summary>
    private static readonly TimeSpan s_lastEventsLimit = TimeSpan.FromSeconds(5);

    /// <summary>More than the time between two of an engine's questions, and less than what it waits for an answer.</summary>
    private static readonly TimeSpan s_sessionSilence = TimeSpan.FromSeconds(9);

    /// <inheritdoc/>
    public async Task<EngineResult> SolveAsync(FrontendCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        var request = new Protocol.Gateway.SolveRequest
        {
            Frontend = call.Frontend,
            AllowResultReturn = true,
            AllowResultArrayRef = true,
        };
        request.FrontendOpt.Add(call.Attributes.ToDictionary());
        foreach (var (name, source) in call.Inputs)
        {
            request.FrontendInputs[name] = SourceDefinition.OfRepository(source);
        }

        return await SolveAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<EngineResult> FetchAsync(string address, string fileName, string stepName, CancellationToken cancellationToken)
        => SolveAsync(
            new Protocol.Gateway.SolveRequest
            {
                Definition = SourceDefinition.OfFile(address, fileName, stepName),
                AllowResultReturn = true,
                AllowResultArrayRef = true,
            },
            cancellationToken);

    /// <inheritdoc/>
    public async Task EvaluateAsync(EngineResult result, CancellationToken cancellationToken)
        => await Task.WhenAll(Own(result).References.Select(r => EvaluateAsync(r, cancellationToken))).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> ReadFileAsync(EngineResult result, Platform? platform, string path, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        if (Own(result).Reference(platform) is not { } reference)
        {
            throw new BuildxException(
                BuildxFailure.PlatformNotAvailable,
                platform is null ? $"The result has several platforms; '{path}' cannot be read without naming one." : $"The result has no platform {platform}.",
                "Name one of the platforms that were built.");
        }

        var request = new Protocol.Gateway.ReadFileRequest
        {
            Ref = reference,
            FilePath = path,
            Range = new Protocol.Gateway.FileRange { Length = maxBytes },
        };
        var response = await CallAsync(options => _channel.Gateway.ReadFileAsync(request, options), cancellationToken).ConfigureAwait(false);
        return response.Data.Length <= maxBytes
            ? response.Data.Memory
            : throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"The engine at {_context.Endpoint} sent {response.Data.Length} bytes of '{path}' where {maxBytes} were asked for.",
                "Build with another engine; this one cannot be trusted.");
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, string>> ExportAsync(EngineResult result, CancellationToken cancellationToken)
    {
        var message = GatewayReturn.Of(Own(result).Message);
        await ReturnAsync(message, cancellationToken).ConfigureAwait(false);
        try
        {
            return await _solve.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            throw await ExplainAsync(e, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task FailAsync(BuildxException error, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            await ReturnAsync(GatewayReturn.Of(EngineErrors.ToStatus(error)), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException)
        {
            // The build is gone, which is what was wanted; the error that matters is the caller's.
        }

        await ((Task)_solve.WaitAsync(s_failLimit, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<EngineResult> SolveAsync(Protocol.Gateway.SolveRequest request, CancellationToken cancellationToken)
    {
        var response = await CallAsync(options => _channel.Gateway.SolveAsync(request, options), cancellationToken).ConfigureAwait(false);
        // Engines that know no result message name one reference.
        return new BuildKitResult(response.Result ?? new Protocol.Gateway.Result { RefDeprecated = response.Ref });
    }

    private static BuildKitResult Own(EngineResult result)
        => result as BuildKitResult ?? throw new ArgumentException("The result is of another engine.", nameof(result));

    private async Task EvaluateAsync(string reference, CancellationToken cancellationToken)
    {
        try
        {
            var request = new Protocol.Gateway.EvaluateRequest { Ref = reference };
            await CallRawAsync(options => _channel.Gateway.EvaluateAsync(request, options), cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException e) when (UnknownMethod.IsSaidBy(e))
        {
            // Before 0.9 there is no such call; to look into a tree makes it, too.
            var request = new Protocol.Gateway.StatFileRequest { Ref = reference, Path = "." };
            await CallAsync(options => _channel.Gateway.StatFileAsync(request, options), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            throw await ExplainAsync(e, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Tells the engine how the build ends. Once: a second time is an error of the caller.</summary>
    private async Task ReturnAsync(Protocol.Gateway.ReturnRequest message, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _returned, 1) != 0)
        {
            throw new InvalidOperationException("The build was ended before.");
        }

        try
        {
            await CallRawAsync(options => _channel.Gateway.ReturnAsync(message, options), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // The build may end before the engine has answered this call.
            if (cancellationToken.IsCancellationRequested || !await HasEndedAsync().ConfigureAwait(false))
            {
                throw await ExplainAsync(e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<T> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> start, CancellationToken cancellationToken)
    {
        try
        {
            return await CallRawAsync(start, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            throw await ExplainAsync(e, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T> CallRawAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> start, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        // A gateway call of a build that has ended waits for it in vain.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lifetime.Token, _ended.Token);
        var headers = new Metadata { { BuildIdHeader, _context.BuildRef! } };
        using var call = start(new CallOptions(headers, cancellationToken: stopping.Token));
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>Finds out why a call failed: who cancelled, or how the build ended, or what the engine said.</summary>
    private async Task<Exception> ExplainAsync(Exception error, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(cancellationToken);
        }

        if (Volatile.Read(ref _lost) is { } lost)
        {
            return lost;
        }

        if (_lifetime.IsCancellationRequested)
        {
            return new OperationCanceledException(_caller);
        }

        if (_solve.IsCompletedSuccessfully)
        {
            return new BuildFailedException(
                BuildxFailure.ProtocolViolation,
                $"The engine at {_context.Endpoint} ended the build before it was told to.",
                "See the engine's log, and build again.",
                error)
            { BuildRef = _context.BuildRef };
        }

        if (IsConsequence(error) && await HasEndedAsync().ConfigureAwait(false) && _solve.Exception?.InnerException is { } cause)
        {
            error = cause;
        }

        if (_solve.IsCompleted)
        {
            await ((Task)_status.Completion.WaitAsync(s_lastEventsLimit, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // What the engine could not put into a message ends its events, and perhaps the build; one that fails by itself says why.
        var saysNothing = IsConsequence(error) || (error is RpcException { Status.Detail: var detail } && detail.EndsWith("EOF", StringComparison.Ordinal));
        var said = saysNothing ? _status.Unsayable ?? error : error;
        return _session.FirstFailure as BuildxException
            ?? EngineErrors.Explain(said, _context with { SessionEnd = await FindSessionEndAsync().ConfigureAwait(false) });
    }

    /// <summary>Whether an error only says that the build is gone, and not why.</summary>
    private static bool IsConsequence(Exception error)
        => error is OperationCanceledException
            || error is RpcException { StatusCode: StatusCode.Cancelled or StatusCode.Unavailable }
            || (error is RpcException rpc && (rpc.Status.DebugException is not null
                || rpc.Status.Detail.Contains("no such job", StringComparison.Ordinal)));

    /// <summary>Why the session is no more; a tunnel that stalls looks open from here after the engine has given it up.</summary>
    private async Task<Exception?> FindSessionEndAsync()
        => _session.Completion.IsCompleted ? await _session.Completion.ConfigureAwait(false)
            : _session.Silence > s_sessionSilence ? new TimeoutException(FormattableString.Invariant($"nothing came through it for {_session.Silence.TotalSeconds:0} s"))
            : null;

    private async Task<bool> HasEndedAsync()
    {
        await ((Task)_solve.WaitAsync(s_trueErrorLimit, CancellationToken.None)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _solve.IsCompleted;
    }
}
