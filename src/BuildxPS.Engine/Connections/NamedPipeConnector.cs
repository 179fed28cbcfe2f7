using System.IO.Pipes;
using System.Security.Principal;

namespace BuildxPS.Engine.Connections;

/// <summary>Reaches an engine over a named pipe of Windows.</summary>
/// <param name="server">The machine; <c>.</c> for this one.</param>
/// <param name="name">The pipe's name.</param>
/// <param name="failures">Puts into words what goes wrong.</param>
/// <param name="timeout">How long the connection may take to come up.</param>
internal sealed class NamedPipeConnector(string server, string name, ConnectFailures failures, TimeSpan timeout) : IConnector
{
    /// <inheritdoc/>
    public string Address => failures.Address;

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        // Whoever serves the pipe must not act as this user.
        var pipe = new NamedPipeClientStream(server, name, PipeDirection.InOut, PipeOptions.Asynchronous, TokenImpersonationLevel.Identification);
        try
        {
            await pipe.ConnectAsync(timeout, cancellationToken).ConfigureAwait(false);
            return pipe;
        }
        catch (Exception e)
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw e switch
            {
                TimeoutException => failures.TimedOut(timeout),
                UnauthorizedAccessException => failures.AccessDenied(
                    "the operating system denies access to its pipe",
                    "Run as a user who may use the pipe (for docker: a member of the group docker-users), or as an administrator.",
                    e),
                IOException => failures.Unreachable(DisplayText.Line(e.Message), e),
                _ => e,
            };
        }
    }
}
