using System.Net.Security;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Tests.Builders;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers;

/// <summary>Engines that somebody else starts, and that are there, come later or never.</summary>
public sealed class RemoteDriverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Engine_that_comes_up_is_waited_for_and_that_is_shown()
    {
        await using var fixture = new BuilderFixture("d28");
        var socket = Path.Join(fixture.Home, "late.sock");
        await fixture.Creator.CreateAsync(new BuilderCreation { Name = fixture.Name, Endpoint = "unix://" + socket }, Token);
        var events = new List<BuildEvent>();
        await foreach (var e in fixture.Lifecycle.StartAsync(new BuilderSelection { Name = fixture.Name }, Token))
        {
            if (events.Count == 0)
            {
                File.CreateSymbolicLink(socket, TestEngines.Require("bkd")["unix://".Length..]);
            }

            events.Add(e);
        }

        Assert.Equal("[internal] waiting for connection", Assert.IsType<VertexChanged>(events[0]).Name);
        var last = Assert.IsType<VertexChanged>(events[^1]);
        Assert.Equal((true, null), (last.Completed is not null, last.Error));
        Assert.DoesNotContain(await fixture.StartAsync(), e => e is VertexChanged { Error: not null });
    }

    [Fact]
    public async Task Engine_that_is_there_is_not_waited_for()
    {
        var events = new List<BuildEvent>();
        await using var driver = Driver(new EngineEndpoint { Address = TestEngines.Require("bkd") }, TimeSpan.FromMinutes(1));
        await BootAsync(driver, events);

        Assert.Empty(events);
    }

    [Fact]
    public async Task Engine_that_never_comes_is_given_up_with_the_reason()
    {
        var events = new List<BuildEvent>();
        await using var driver = Driver(new EngineEndpoint { Address = "unix:///nowhere/buildkitd.sock" }, TimeSpan.FromMilliseconds(600));
        var failure = await Assert.ThrowsAsync<BuildxException>(() => BootAsync(driver, events));

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains("/nowhere/buildkitd.sock", failure.Message, StringComparison.Ordinal);
        Assert.Equal(failure.Message, Assert.IsType<VertexChanged>(events[^1]).Error);
    }

    [Fact]
    public async Task Certificate_that_is_not_trusted_is_said_at_once()
    {
        var events = new List<BuildEvent>();
        var endpoint = new EngineEndpoint
        {
            Address = TestEngines.RequireTcp("bkd"),
            Tls = new TlsMaterial { AuthorityFile = TestEngines.Certificate("clientCertificate") },
        };
        await using var driver = Driver(endpoint, TimeSpan.FromMinutes(5));
        var failure = await Assert.ThrowsAsync<BuildxException>(() => BootAsync(driver, events)).WaitAsync(TimeSpan.FromMinutes(1), Token);

        Assert.Equal(BuildxFailure.EngineCertificateInvalid, failure.Failure);
        Assert.Empty(events);
    }

    private static RemoteDriver Driver(EngineEndpoint endpoint, TimeSpan patience)
        => new(ConnectorFactory.Create(endpoint, SslApplicationProtocol.Http2), RemoteOptions.Parse(new Dictionary<string, string>()), null) { Patience = patience, Moment = TimeSpan.FromMinutes(1) };

    private static Task BootAsync(RemoteDriver driver, List<BuildEvent> events) => driver.BootAsync(
        (e, _) =>
        {
            events.Add(e);
            return ValueTask.CompletedTask;
        },
        Token);
}
