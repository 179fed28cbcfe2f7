using System.IO.Pipelines;

namespace BuildxPS.Engine.Sessions;

/// <summary>A gRPC method that this client serves to the engine.</summary>
internal interface ISessionMethod
{
    /// <summary>The method's path: <c>/moby.filesync.v1.FileSync/DiffCopy</c>.</summary>
    string Path { get; }

    /// <summary>Answers one call. Returning ends it with OK.</summary>
    /// <param name="call">The call.</param>
    /// <returns>A task that ends when the answer is complete.</returns>
    /// <exception cref="SessionStatusException">Ends the call with that status.</exception>
    Task InvokeAsync(ISessionCall call);
}

/// <summary>One call of the engine: its headers, and gRPC-framed messages both ways (see <see cref="GrpcMessage"/>).</summary>
internal interface ISessionCall
{
    /// <summary>All values of a header, in order; empty if it was not sent. Names are in lower case.</summary>
    /// <param name="name">The header's name.</param>
    /// <returns>The values.</returns>
    IReadOnlyList<string> Header(string name);

    /// <summary>All headers.</summary>
    IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> Headers { get; }

    /// <summary>What the engine sends; completes when it half-closes.</summary>
    PipeReader Request { get; }

    /// <summary>What we send. Batch before flushing: each flush waits until the transport took the bytes.</summary>
    PipeWriter Response { get; }

    /// <summary>Cancelled when the engine or the connection drops the call, or the build is cancelled.</summary>
    CancellationToken Aborted { get; }
}

/// <summary>Ends a session call with a gRPC status.</summary>
internal sealed class SessionStatusException : Exception
{
    /// <summary>Creates a status.</summary>
    /// <param name="code">The status code.</param>
    /// <param name="message">Its text, which the engine shows to the user.</param>
    /// <param name="innerException">What caused it.</param>
    public SessionStatusException(Grpc.Core.StatusCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>The status code.</summary>
    public Grpc.Core.StatusCode Code { get; }
}
