using System.Net;
using System.Net.Sockets;

namespace BuildxPS.Engine.Tests.Sessions;

/// <summary>Two ends of one connection.</summary>
internal static class StreamPair
{
    public static async Task<(Stream Ours, Stream Theirs)> CreateAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.LocalEndpoint);
        var server = await listener.AcceptSocketAsync();
        server.NoDelay = true;
        return (new NetworkStream(client, ownsSocket: true), new NetworkStream(server, ownsSocket: true));
    }
}
