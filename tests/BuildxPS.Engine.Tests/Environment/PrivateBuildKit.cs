using System.Diagnostics;
using BuildxPS.Engine.Tests.Engines.BuildKit;

namespace BuildxPS.Engine.Tests.Environment;

/// <summary>A real buildkitd of a test's own, which may be killed. What its steps left running is ended with it.</summary>
internal sealed class PrivateBuildKit : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _group = "bxt-" + Guid.NewGuid().ToString("N")[..10];
    private Process? _process;

    private PrivateBuildKit()
    {
    }

    public string Address => $"unix://{_folder.Path}/b.sock";

    public static async Task<PrivateBuildKit> StartAsync()
    {
        // The shared engines' own programs, beside what tests already know of them.
        var daemon = Path.Join(Path.GetDirectoryName(TestEngines.Tool("buildctl")), "buildkitd");
        var registries = TestEngines.Tool("buildkitdConfig");
        var shim = Path.Join(Path.GetDirectoryName(registries), "shim");
        var engine = new PrivateBuildKit();
        engine._folder.Write("b.toml", $"""
            root = "{engine._folder.Path}/data"
            [grpc]
              address = ["{engine.Address}"]
            [otel]
              socketPath = "{engine._folder.Path}/otel.sock"
            [worker.oci]
              binary = "{shim}/runc"
              defaultCgroupParent = "/{engine._group}"
            [worker.containerd]
              enabled = false
            {await File.ReadAllTextAsync(registries)}
            """);

        // A mount namespace of its own: what a kill leaves mounted goes away with it.
        var start = new ProcessStartInfo("unshare", ["-m", daemon, "--config", $"{engine._folder.Path}/b.toml"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{shim}:/usr/sbin:/usr/bin:/sbin:/bin";
        try
        {
            engine._process = Process.Start(start)!;
            engine._process.BeginErrorReadLine();
            engine._process.BeginOutputReadLine();
            await engine.WaitAsync();
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends it at once.</summary>
    public void Kill() => _process!.Kill();

    /// <summary>Sends a signal: <c>STOP</c> makes it hang with all its connections open.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{name} {_process!.Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        for (var round = 0; round < 100 && KillSteps(); round++)
        {
            await Task.Delay(20);
        }

        foreach (var group in Directory.EnumerateDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup").Select(d => Path.Join(d, _group)).Where(Directory.Exists))
        {
            foreach (var child in Directory.EnumerateDirectories(group, "*", SearchOption.AllDirectories).OrderByDescending(d => d.Length).Append(group))
            {
                await DeleteGroupAsync(child);
            }
        }

        _folder.Dispose();
    }

    /// <summary>A group is busy for a moment after its last process was killed.</summary>
    private static async Task DeleteGroupAsync(string folder)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(folder);
                return;
            }
            catch (IOException) when (attempt < 100)
            {
                await Task.Delay(100);
            }
        }
    }

    private bool KillSteps()
    {
        var any = false;
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                try
                {
                    if (File.ReadAllText($"/proc/{process.Id}/cgroup").Contains(_group, StringComparison.Ordinal))
                    {
                        any = true;
                        process.Kill();
                    }
                }
                catch (Exception e) when (e is IOException or InvalidOperationException or System.ComponentModel.Win32Exception)
                {
                    // It has ended.
                }
            }
        }

        return any;
    }

    private async Task WaitAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            await using var engine = RealEngine.Connect("bkd", Address);
            try
            {
                await engine.IdentifyAsync(CancellationToken.None);
                return;
            }
            catch (BuildxException) when (attempt < 600 && !_process!.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }
}
