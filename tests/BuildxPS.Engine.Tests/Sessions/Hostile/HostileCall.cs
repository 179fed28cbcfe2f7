using System.Buffers;
using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files.Packets;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

/// <summary>One call of a <see cref="FakeHostileEngine"/>.</summary>
internal sealed class HostileCall : IDisposable
{
    private readonly Task<HttpResponseMessage> _response;
    private PipeReader? _input;

    public HostileCall(Task<HttpResponseMessage> response, PipeWriter output)
    {
        _response = response;
        Output = output;
        Packets = new PacketWriter(output);
    }

    /// <summary>Takes what the engine sends, as it is.</summary>
    public PipeWriter Output { get; }

    /// <summary>Writes packets as an engine does.</summary>
    public PacketWriter Packets { get; }

    /// <summary>Sends one message of any bytes.</summary>
    public async Task SendAsync(byte[] message, byte flag = 0, uint? length = null)
    {
        await Packets.FlushAsync(default);
        var framed = new byte[GrpcMessage.HeaderLength + message.Length];
        GrpcMessage.WriteHeader(framed, (int)(length ?? (uint)message.Length));
        framed[0] = flag;
        message.CopyTo(framed, GrpcMessage.HeaderLength);
        await Output.WriteAsync(framed);
    }

    public async Task SendAsync(params FileEntry[] entries)
    {
        foreach (var entry in entries)
        {
            await Packets.WriteEntryAsync(entry, default);
        }

        await Packets.FlushAsync(default);
    }

    /// <summary>Lists entries, and waits until the client asks for the bytes of one.</summary>
    public async Task AskedAsync(params FileEntry[] entries)
    {
        await SendAsync(entries);
        await Packets.WriteEndOfEntriesAsync(default);
        while (await ReadAsync() is { Kind: not PacketKind.Request })
        {
        }
    }

    /// <summary>Reads the client's next packet, or null at the end.</summary>
    public async Task<(PacketKind Kind, uint Id, FileEntry? Entry, byte[] Data)?> ReadAsync()
    {
        _input ??= PipeReader.Create(await (await _response).Content.ReadAsStreamAsync());
        return await ReadPacketAsync(_input);
    }

    /// <summary>How the client ended the call; what it sent before is passed over.</summary>
    public async Task<(StatusCode Code, string Message)> EndAsync()
    {
        var response = await _response;
        if (_input is null)
        {
            await response.Content.CopyToAsync(Stream.Null);
        }
        else
        {
            await _input.CopyToAsync(Stream.Null);
        }

        var trailers = response.TrailingHeaders.Contains("grpc-status") ? response.TrailingHeaders : response.Headers;
        var message = trailers.TryGetValues("grpc-message", out var text) ? Uri.UnescapeDataString(text.Single()) : "";
        return ((StatusCode)int.Parse(trailers.GetValues("grpc-status").Single(), System.Globalization.CultureInfo.InvariantCulture), message);
    }

    public void Dispose() => Packets.Dispose();

    private static async Task<(PacketKind Kind, uint Id, FileEntry? Entry, byte[] Data)?> ReadPacketAsync(PipeReader input)
    {
        while (true)
        {
            var result = await input.ReadAsync();
            var buffer = result.Buffer;
            if (PacketBuffer.TryRead(ref buffer, out var packet))
            {
                var read = (packet.Kind, packet.Id, packet.Stat is { } stat ? Packet.ReadEntry(stat) : null, packet.Data.ToArray());
                input.AdvanceTo(buffer.Start);
                return read;
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }
}
