using System.Net.Sockets;
using BuildxPS.Engine.Diagnostics.Catalogue;
using Grpc.Core;

namespace BuildxPS.Engine.Diagnostics;

/// <summary>Explains errors of the way to an engine, as opposed to what the engine itself answers.</summary>
internal static class TransportErrors
{
    /// <summary>Explains a failed call, if it failed because of the way and not of the engine's answer.</summary>
    /// <param name="error">The error.</param>
    /// <param name="context">Where.</param>
    /// <returns>The failure; null if the engine answered.</returns>
    public static BuildxException? Explain(RpcException error, EngineErrorContext context)
    {
        for (var cause = error.Status.DebugException; cause is not null; cause = EngineErrors.Inner(cause))
        {
            if (IsProtocol(cause))
            {
                return Violation(error, context);
            }

            if (cause is IOException or SocketException or ObjectDisposedException)
            {
                return Lost(error, context);
            }
        }

        return error.StatusCode switch
        {
            // What this client's own gRPC library says of answers that are no gRPC.
            _ when error.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal)
                || error.Status.Detail.StartsWith("Failed to deserialize", StringComparison.Ordinal) => Violation(error, context),
            _ when error.Status.DebugException is HttpRequestException => Lost(error, context),
            _ => null,
        };
    }

    /// <summary>Explains an error that is not a call's answer.</summary>
    /// <param name="error">The error.</param>
    /// <param name="context">Where.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Explain(Exception error, EngineErrorContext context)
        => error is InvalidDataException ? Violation(error, context) : Lost(error, context);

    /// <summary>An engine that takes a connection and says nothing.</summary>
    /// <param name="limit">How long it had.</param>
    /// <param name="context">Where.</param>
    /// <param name="cause">What told.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NoAnswer(TimeSpan limit, EngineErrorContext context, Exception cause)
    {
        var message = FormattableString.Invariant($"The engine at {context.Endpoint} took the connection and did not answer within {limit.TotalSeconds:0.#} s.");
        const string Advice = "See whether the engine hangs or is overloaded (its log tells), and whether what forwards the connection to it still runs; then try again.";
        return context.BuildRef is null
            ? new BuildxException(BuildxFailure.TimedOut, message, Advice, cause) { IsTransient = true }
            : new BuildFailedException(BuildxFailure.TimedOut, message, Advice, cause) { IsTransient = true, BuildRef = context.BuildRef };
    }

    private static bool IsProtocol(Exception cause)
        => cause is InvalidDataException or Google.Protobuf.InvalidProtocolBufferException
            || cause is HttpRequestException { HttpRequestError: HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.VersionNegotiationError or HttpRequestError.ConfigurationLimitExceeded }
            || cause is HttpIOException { HttpRequestError: HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded };

    private static BuildxException Lost(Exception error, EngineErrorContext context)
    {
        var message = $"The connection to the engine at {context.Endpoint} broke: {Reason(error)}";
        const string Advice = "See whether the engine was stopped or restarted and whether the network is up, then try again: what was finished comes from the engine's cache.";
        return context.BuildRef is null
            ? new BuildxException(BuildxFailure.EngineLost, message, Advice, error) { IsTransient = true }
            : new BuildFailedException(BuildxFailure.EngineLost, message, Advice, error) { IsTransient = true, BuildRef = context.BuildRef };
    }

    private static BuildxException Violation(Exception error, EngineErrorContext context)
    {
        var message = $"The engine at {context.Endpoint} sent something that its protocol does not allow: {Reason(error)}";
        var advice = FailureCatalogue.Of(BuildxFailure.ProtocolViolation).Advice;
        return context.BuildRef is null
            ? new BuildxException(BuildxFailure.ProtocolViolation, message, advice, error)
            : new BuildFailedException(BuildxFailure.ProtocolViolation, message, advice, error) { BuildRef = context.BuildRef };
    }

    /// <summary>The words of the innermost cause: the outer ones only say that there was an error.</summary>
    /// <param name="error">The error.</param>
    /// <returns>One line.</returns>
    internal static string Reason(Exception error)
    {
        var cause = error;
        while (EngineErrors.Inner(cause) is { } inner)
        {
            cause = inner;
        }

        return DisplayText.Line(cause is RpcException rpc ? rpc.Status.Detail : cause.Message, 1024);
    }
}
