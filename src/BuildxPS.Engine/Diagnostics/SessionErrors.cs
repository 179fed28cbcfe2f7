using Grpc.Core;

namespace BuildxPS.Engine.Diagnostics;

/// <summary>
/// Explains that a build lost its session: the tunnel through which the engine calls this client for files and logins.
/// Engines say so in the words of their gRPC library, and sometimes as if the build had been cancelled.
/// </summary>
internal static class SessionErrors
{
    private const string Advice =
        "See whether the engine was stopped or overloaded, and whether something between (a proxy, a forwarder) ends or holds up connections; then build again: what was finished comes from the engine's cache.";

    // Nothing else on an engine's side calls by a connection that it did not open itself.
    private static readonly string[] s_texts =
    [
        "no active session",
        "session closed",
        "session healthcheck failed",
        "the client connection is closing",
        "only one connection allowed",
        "transport is closing",
        "closing transport",
        "error reading from server",
    ];

    /// <summary>Whether an engine's error means that the build's session was lost.</summary>
    /// <param name="code">The error's code.</param>
    /// <param name="text">Its text.</param>
    /// <param name="context">Where.</param>
    /// <returns>True also for an error that says little, once this side knows that the session has ended.</returns>
    public static bool IsMeant(StatusCode code, string text, EngineErrorContext context)
        => s_texts.Any(t => text.Contains(t, StringComparison.Ordinal))
            || (context.SessionEnd is not null
                && (code is StatusCode.Cancelled or StatusCode.Unavailable or StatusCode.DeadlineExceeded
                    || text.EndsWith("context canceled", StringComparison.Ordinal)
                    || text.EndsWith("EOF", StringComparison.Ordinal)));

    /// <summary>Describes it.</summary>
    /// <param name="text">The engine's text.</param>
    /// <param name="step">The step that failed of it; null if none is known.</param>
    /// <param name="context">Where.</param>
    /// <returns>The failure's parts.</returns>
    public static (BuildxFailure Failure, string Message, string Advice) Describe(string text, string? step, EngineErrorContext context)
    {
        var where = step is null ? "" : $" in step '{step}'";
        return (BuildxFailure.EngineLost, $"The engine at {context.Endpoint} lost the session with this client{where}: {text}{Seen(context)}", Advice);
    }

    /// <summary>The failure of a build that cannot go on without its session.</summary>
    /// <param name="context">Where.</param>
    /// <returns>The failure.</returns>
    public static BuildFailedException Lost(EngineErrorContext context)
    {
        var isViolation = context.SessionEnd is InvalidDataException;
        return new BuildFailedException(
            isViolation ? BuildxFailure.ProtocolViolation : BuildxFailure.EngineLost,
            $"The session with the engine at {context.Endpoint} ended before the build did{Seen(context)}.",
            Advice,
            context.SessionEnd)
        {
            BuildRef = context.BuildRef,
            IsTransient = !isViolation,
        };
    }

    private static string Seen(EngineErrorContext context)
        => context.SessionEnd is { } end ? $" (seen here: {TransportErrors.Reason(end).TrimEnd('.')})" : "";
}
