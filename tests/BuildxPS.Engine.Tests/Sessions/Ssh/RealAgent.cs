using System.Diagnostics;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Ssh;

/// <summary>OpenSSH's agent, with a socket in a folder of the test's.</summary>
internal sealed class RealAgent : IDisposable
{
    private readonly Process _process;

    public RealAgent(TemporaryFolder folder)
    {
        Socket = Path.Join(folder.Path, $"a{Guid.NewGuid():N}"[..8]);
        _process = Process.Start(new ProcessStartInfo(SshTools.Find("ssh-agent"), ["-D", "-a", Socket]) { RedirectStandardOutput = true })!;
        Assert.True(SpinWait.SpinUntil(() => File.Exists(Socket), TimeSpan.FromSeconds(30)), "the agent does not come up");
    }

    public string Socket { get; }

    public RealAgent Add(string key)
    {
        SshTools.Run("ssh-add", Socket, "-q", key);
        return this;
    }

    public void Stop()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Stop();
        _process.Dispose();
    }
}
