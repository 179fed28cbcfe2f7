using System.IO.Pipes;
using System.Security.Principal;
using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>Agents on named pipes, as that of Windows' own OpenSSH, or on the unix sockets that Windows has as well.</summary>
internal sealed partial class WindowsAgentSockets : IAgentSockets
{
    /// <summary>Where the service "OpenSSH Authentication Agent" listens.</summary>
    public const string OpenSshPipe = @"\\.\pipe\openssh-ssh-agent";

    private readonly Func<string, bool> _pipeExists;
    private readonly Func<string, FileAttributes> _attributes;

    public WindowsAgentSockets()
        : this(PipeExists, File.GetAttributes)
    {
    }

    /// <summary>Looks at other pipes and files than the system's.</summary>
    internal WindowsAgentSockets(Func<string, bool> pipeExists, Func<string, FileAttributes> attributes)
    {
        _pipeExists = pipeExists;
        _attributes = attributes;
    }

    /// <inheritdoc/>
    public string? Fallback => _pipeExists(OpenSshPipe) ? OpenSshPipe : null;

    /// <inheritdoc/>
    public string Advice => "Start the service 'OpenSSH Authentication Agent' (Start-Service ssh-agent), set SSH_AUTH_SOCK, or give private key files (-Ssh 'default=KEYFILE').";

    /// <summary>The server and the name of a pipe.</summary>
    /// <param name="path">A path.</param>
    /// <returns>Null where it is not a pipe's.</returns>
    public static (string Server, string Name)? ReadPipe(string path)
        => PipePath().Match(path) is { Success: true } match ? (match.Groups["server"].Value, match.Groups["name"].Value) : null;

    /// <inheritdoc/>
    public bool IsSocket(string path) => ReadPipe(path) is not null || IsUnixSocket(path);

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        if (ReadPipe(path) is not { } address)
        {
            return await UnixAgentSockets.OpenAsync(path, cancellationToken).ConfigureAwait(false);
        }

        // OpenSSH's agent asks the system who its client is.
        var pipe = new NamedPipeClientStream(address.Server, address.Name, PipeDirection.InOut, PipeOptions.Asynchronous, TokenImpersonationLevel.Identification);
        try
        {
            await pipe.ConnectAsync(cancellationToken).ConfigureAwait(false);
            return pipe;
        }
        catch (UnauthorizedAccessException e)
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw new IOException("Windows denies access to it", e);
        }
        catch
        {
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Windows shows its unix sockets as files with a reparse point that is no link.</summary>
    private bool IsUnixSocket(string path)
    {
        try
        {
            var attributes = _attributes(path);
            return attributes.HasFlag(FileAttributes.ReparsePoint) && !attributes.HasFlag(FileAttributes.Directory) && new FileInfo(path).LinkTarget is null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    // Asked of the list of pipes: to look at the pipe itself would open it.
    private static bool PipeExists(string path)
    {
        try
        {
            return ReadPipe(path) is { } pipe && Directory.EnumerateFiles(@"\\.\pipe\", pipe.Name).Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^[\\/]{2}(?<server>[^\\/]+)[\\/]+pipe[\\/]+(?<name>.+)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex PipePath();
}
