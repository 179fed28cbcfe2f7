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
    // A pipe that is not there looks like one whose server is busy, and docker's own client waits no longer either.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _wait = timeout < s_longest ? timeout : s_longest;

    /// <inheritdoc/>
    public string Address => failures.Address;

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        // Whoever serves the pipe must not act as this user.
        var pipe = new NamedPipeClientStream(server, name, PipeDirection.InOut, PipeOptions.Asynchronous, TokenImpersonationLevel.Identification);
        try
        {
            await pipe.ConnectAsync(_wait, cancellationToken).ConfigureAwait(false);
            return pipe;
        }
        catch (Exception e)
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw e switch
            {
                TimeoutException => failures.Unreachable("there is no such pipe, or nobody takes connections on it", e),
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
