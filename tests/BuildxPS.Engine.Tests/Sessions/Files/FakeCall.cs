using System.Buffers;
using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>A call over pipes in this process: one end for the method under test, the other for an engine that a test plays.</summary>
internal sealed class FakeCall : ISessionCall, IDisposable
{
    private readonly Pipe _request = new(new PipeOptions(pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, useSynchronizationContext: false));
    private readonly Pipe _response = new(new PipeOptions(pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, useSynchronizationContext: false));
    private readonly Dictionary<string, IReadOnlyList<string>> _headers = [];
    private readonly CancellationTokenSource _aborted = new();

    public FakeCall(params (string Name, string Value)[] headers)
    {
        foreach (var group in headers.GroupBy(h => h.Name))
        {
            _headers[group.Key] = [.. group.Select(h => h.Value)];
        }

        Engine = new PacketWriter(_request.Writer);
    }

    public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> Headers => _headers;

    public PipeReader Request => _request.Reader;

    public PipeWriter Response => _response.Writer;

    public CancellationToken Aborted => _aborted.Token;

    /// <summary>Writes as the engine.</summary>
    public PacketWriter Engine { get; }

    public PipeWriter EngineOutput => _request.Writer;

    public PipeReader EngineInput => _response.Reader;

    public IReadOnlyList<string> Header(string name) => _headers.GetValueOrDefault(name, []);

    public void Abort() => _aborted.Cancel();

    /// <summary>Runs a method to its end; afterwards the engine sees the end of the response.</summary>
    public async Task InvokeAsync(ISessionMethod method)
    {
        try
        {
            await method.InvokeAsync(this);
        }
        finally
        {
            await _response.Writer.CompleteAsync();
        }
    }

    /// <summary>Reads the method's next packet, or null at the end.</summary>
    public async Task<(PacketKind Kind, uint Id, FileEntry? Entry, byte[] Data)?> ReadAsync()
    {
        while (true)
        {
            var result = await EngineInput.ReadAsync();
            var buffer = result.Buffer;
            if (PacketBuffer.TryRead(ref buffer, out var packet))
            {
                var entry = packet.Stat is { } stat ? Packet.ReadEntry(stat) : null;
                var read = (packet.Kind, packet.Id, entry, packet.Data.ToArray());
                EngineInput.AdvanceTo(buffer.Start);
                return read;
            }

            EngineInput.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }

    /// <summary>Sends one message as it is.</summary>
    public async Task SendRawAsync(byte[] message, byte flag = 0, int? length = null)
    {
        var framed = new byte[GrpcMessage.HeaderLength + message.Length];
        GrpcMessage.WriteHeader(framed, length ?? message.Length);
        framed[0] = flag;
        message.CopyTo(framed, GrpcMessage.HeaderLength);
        await EngineOutput.WriteAsync(framed);
    }

    public void Dispose()
    {
        Engine.Dispose();
        _aborted.Dispose();
    }
}
