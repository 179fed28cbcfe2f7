using System.Net.Security;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>Connects to the real engines, and runs whole builds on them.</summary>
internal static class RealEngine
{
    /// <summary>Ten times what any of these builds should take.</summary>
    public static readonly TimeSpan Guard = TimeSpan.FromSeconds(90);

    private static readonly Version s_upgrading = new(1, 41);

    public static BuildKitEngine Connect(string name, bool overSessionRoute = false)
        => Connect(name, TestEngines.Require(name), overSessionRoute);

    /// <summary>Connects over a network that a test controls.</summary>
    public static (BuildKitEngine Engine, FakeNetwork Network) ConnectOver(string name, bool overSessionRoute = false, EngineSilence? silence = null)
    {
        var host = TestEngines.Require(name);
        var network = new FakeNetwork(ConnectorFactory.Create(new EngineEndpoint { Address = host }, SslApplicationProtocol.Http2));
        return (Connect(name, host, overSessionRoute, silence, network), network);
    }

    public static BuildKitEngine Connect(string name, string host, bool overSessionRoute = false, EngineSilence? silence = null, IConnector? over = null)
    {
        var connector = over ?? ConnectorFactory.Create(new EngineEndpoint { Address = host }, SslApplicationProtocol.Http2);
        return name == "bkd"
            ? new BuildKitEngine(connector, null, host, silence)
            : new BuildKitEngine(
                new DockerGrpcConnector(connector, connector, s_upgrading),
                overSessionRoute ? new DockerSessionTransport(connector) : null,
                host,
                silence);
    }

    public static string NewRef() => Guid.NewGuid().ToString("N")[..25];

    public static FrontendCall Dockerfile(params (string Key, string Value)[] attributes) => new()
    {
        Frontend = "dockerfile.v0",
        Attributes = attributes.ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal),
    };

    public static BuildServices Services(string dockerfile, MemoryFileSource? context = null, params IExportOutput?[] outputs) => new()
    {
        Sources = new Dictionary<string, IFileSource>
        {
            ["dockerfile"] = new MemoryFileSource().Add("Dockerfile", dockerfile),
            ["context"] = context ?? new MemoryFileSource(),
        },
        Outputs = outputs,
    };

    public static async Task<(IReadOnlyDictionary<string, string> Response, List<BuildEvent> Events)> BuildAsync(
        BuildKitEngine engine, BuildServices services, EngineExporter[] exporters, FrontendCall? call = null)
    {
        using var guard = new CancellationTokenSource(Guard);
        var build = new EngineBuild { Ref = NewRef(), Exporters = exporters };
        await using var running = await engine.StartAsync(build, services, guard.Token);
        var events = CollectAsync(running);
        try
        {
            var result = await running.SolveAsync(call ?? Dockerfile(), guard.Token);
            var response = await running.ExportAsync(result, guard.Token);
            return (response, await events.WaitAsync(Guard));
        }
        catch (BuildFailedException e)
        {
            await running.FailAsync(e, guard.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            await events.WaitAsync(Guard);
            throw;
        }
    }

    public static async Task<List<BuildEvent>> CollectAsync(IRunningBuild running)
    {
        var events = new List<BuildEvent>();
        await foreach (var e in running.Events)
        {
            events.Add(e);
        }

        return events;
    }
}
