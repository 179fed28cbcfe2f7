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
internal sealed class BuildKitNode(string address) : IDriver
{
    public string Name => "remote";

    public static BuildParts PartsFor(string engine, ClientEnvironment environment) => PartsAt(TestEngines.Require(engine), environment, engine);

    public static BuildParts PartsAt(string address, ClientEnvironment environment, string name = "own") => BuildParts.Real(environment) with
    {
        ResolveBuilder = (_, _) => Task.FromResult(new BuilderHandle
        {
            Name = name,
            Driver = "remote",
            Nodes = [new NodeHandle { Name = name, Endpoint = address, Driver = new BuildKitNode(address) }],
        }),
    };

    public DriverFeatures GetFeatures(EngineDescription engine) => new() { HasContainerdStore = true };

    public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
        => Task.FromResult<IBuildEngine>(
            new BuildKitEngine(ConnectorFactory.Create(new EngineEndpoint { Address = address }, SslApplicationProtocol.Http2), null, address));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
