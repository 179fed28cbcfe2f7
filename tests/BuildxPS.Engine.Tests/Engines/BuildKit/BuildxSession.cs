using System.Diagnostics;
using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>The session of a real <c>docker buildx build</c>, whose folders can be asked for as an engine asks for them.</summary>
internal sealed class BuildxSession : IAsyncDisposable
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(90);

    private readonly TemporaryFolder _folder;
    private readonly FakeBuildKit _engine;
    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private FakeHttp2Client? _client;

    private BuildxSession(TemporaryFolder folder, FakeBuildKit engine, Process process)
    {
        _folder = folder;
        _engine = engine;
        _process = process;
    }

    /// <summary>Starts a build that serves folders.</summary>
    /// <param name="folders">The folders by name.</param>
    /// <param name="withoutRights">Whether it may read only what its user may, administrator or not.</param>
    /// <returns>The session.</returns>
    public static async Task<BuildxSession> StartAsync(IReadOnlyDictionary<string, string> folders, bool withoutRights = false)
    {
        var folder = new TemporaryFolder();
        var socket = Path.Join(folder.Path, "fake.sock");
        var engine = new FakeBuildKit(socket);
        folder.Write("context/Dockerfile", "FROM scratch\n");
        var configuration = RemoteBuilder(folder.Path, "fake", "unix://" + socket);
        string[] command =
        [
            TestEngines.Tool("docker"), "buildx", "build", "--builder", "fake", "--progress", "plain",
            .. folders.SelectMany(f => new[] { "--build-context", $"{f.Key}={f.Value}" }),
            Path.Join(folder.Path, "context"),
        ];
        if (withoutRights)
        {
            command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", .. command];
        }

        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["DOCKER_CONFIG"] = TestEngines.Tool("dockerConfig");
        start.Environment["BUILDX_CONFIG"] = configuration;
        var session = new BuildxSession(folder, engine, new Process { StartInfo = start });
        try
        {
            await session.OpenAsync();
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Describes an engine to docker buildx as a builder of its own.</summary>
    /// <param name="folder">Where to keep the description.</param>
    /// <param name="name">The builder's name.</param>
    /// <param name="endpoint">The engine's address.</param>
    /// <returns>What <c>BUILDX_CONFIG</c> has to be.</returns>
    public static string RemoteBuilder(string folder, string name, string endpoint)
    {
        var configuration = Path.Join(folder, "buildx");
        var instances = Directory.CreateDirectory(Path.Join(configuration, "instances"));
        File.WriteAllText(Path.Join(instances.FullName, name), JsonSerializer.Serialize(new
        {
            Name = name,
            Driver = "remote",
            Nodes = new[] { new { Name = name + "0", Endpoint = endpoint } },
        }));
        return configuration;
    }

    /// <summary>Asks for a part of a folder.</summary>
    /// <param name="name">The folder's name.</param>
    /// <param name="selection">The part.</param>
    /// <param name="onListed">See <see cref="FakeReceiver"/>.</param>
    /// <returns>What came.</returns>
    public async Task<IReadOnlyList<string>> ReceiveAsync(string name, FileSelection selection, Action? onListed = null)
    {
        var (answer, request, cancel) = await _client!.CallAsync("/moby.filesync.v1.FileSync/DiffCopy", FakeReceiver.Headers(name, selection));
        using var output = new PacketWriter(request);
        var received = await new FakeReceiver(answer, output, onListed).ReceiveAsync().WaitAsync(s_guard);
        await cancel();
        return received;
    }

    public async ValueTask DisposeAsync()
    {
        _engine.EndBuild();
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }

        try
        {
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        catch (InvalidOperationException)
        {
            // It never started.
        }

        _process.Dispose();
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    private async Task OpenAsync()
    {
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(_engine.Session, ended).WaitAsync(s_guard) == ended)
        {
            throw new InvalidOperationException($"docker buildx build ended:\n{_error}");
        }

        _client = await FakeHttp2Client.StartAsync(await _engine.Session);
    }

    private void Keep(string? line)
    {
        lock (_error)
        {
            _error.AppendLine(line);
        }
    }
}
