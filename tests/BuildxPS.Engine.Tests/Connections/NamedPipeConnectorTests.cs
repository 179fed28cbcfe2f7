using System.IO.Pipes;
using System.Text;
using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Tests.Connections;

/// <summary>Engines behind named pipes, which on this system are made of sockets: fakes of what Windows has.</summary>
public sealed class NamedPipeConnectorTests
{
    private readonly string _name = "bxt-" + Guid.NewGuid().ToString("n")[..10];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private NamedPipeConnector Connector(int milliseconds)
        => new(".", _name, new ConnectFailures($"npipe:////./pipe/{_name}", "from the test"), TimeSpan.FromMilliseconds(milliseconds));

    [Fact]
    public async Task Fake_daemon_on_a_pipe_is_spoken_with()
    {
        await using var server = new NamedPipeServerStream(_name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        var serving = Task.Run(
            async () =>
            {
                await server.WaitForConnectionAsync(Token);
                var head = await FakeDaemon.ReadHeadAsync(server, Token);
                await server.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), Token);
                return head;
            },
            Token);
        await using var stream = await Connector(20_000).ConnectAsync(Token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET /_ping HTTP/1.1\r\n\r\n"), Token);

        Assert.Contains("200 OK", await FakeDaemon.ReadHeadAsync(stream, Token), StringComparison.Ordinal);
        Assert.Contains("/_ping", await serving, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipe_that_is_not_there_is_an_engine_that_does_not_answer()
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(async () => await Connector(300).ConnectAsync(Token));

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.True(failure.IsTransient);
        Assert.Contains($"npipe:////./pipe/{_name}", failure.Message, StringComparison.Ordinal);
    }
}
