using System.Net.Security;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>A real BuildKit of its own as a builder's only node.</summary>
internal sealed class BuildKitNode(string engine) : IDriver
{
    public string Name => "remote";

    public static BuildParts PartsFor(string engine, ClientEnvironment environment) => BuildParts.Real(environment) with
    {
        ResolveBuilder = (_, _) => Task.FromResult(new BuilderHandle
        {
            Name = engine,
            Driver = "remote",
            Nodes = [new NodeHandle { Name = engine, Endpoint = TestEngines.Require(engine), Driver = new BuildKitNode(engine) }],
        }),
    };

    public DriverFeatures GetFeatures(EngineDescription engine) => new() { HasContainerdStore = true };

    public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
    {
        var address = TestEngines.Require(engine);
        return Task.FromResult<IBuildEngine>(
            new BuildKitEngine(ConnectorFactory.Create(new EngineEndpoint { Address = address }, SslApplicationProtocol.Http2), null, address));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
