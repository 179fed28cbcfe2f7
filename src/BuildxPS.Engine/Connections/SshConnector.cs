using System.ComponentModel;
using System.Diagnostics;

namespace BuildxPS.Engine.Connections;

/// <summary>Reaches an engine through the system's ssh: the bytes go through a command that runs beside the engine.</summary>
/// <param name="target">The machine.</param>
/// <param name="command">What runs there.</param>
/// <param name="failures">Puts into words what goes wrong.</param>
/// <param name="timeout">How long the connection may take to come up.</param>
/// <param name="program">The ssh to run; another one in tests.</param>
internal sealed class SshConnector(SshTarget target, string command, SshFailures failures, TimeSpan timeout, string program = "ssh") : IConnector
{
    /// <inheritdoc/>
    public string Address => failures.Address;

    /// <inheritdoc/>
    public ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            CreateNoWindow = true,
        };
        foreach (var argument in target.Arguments(command, timeout))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return ValueTask.FromResult<Stream>(new SshStream(Process.Start(start)!, failures));
        }
        catch (Exception e) when (e is Win32Exception or IOException or PlatformNotSupportedException)
        {
            throw failures.NoProgram(program, e);
        }
    }
}
