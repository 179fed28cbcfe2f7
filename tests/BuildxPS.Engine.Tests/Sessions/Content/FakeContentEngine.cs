using System.Buffers;
using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Content;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Tests.Sessions.Files;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Content;

/// <summary>An engine that calls the content service, well or badly.</summary>
internal sealed class FakeContentEngine(params (string Id, IContentStore Store)[] stores)
{
    public static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private readonly IReadOnlyDictionary<string, IContentStore> _stores = stores.ToDictionary(s => s.Id, s => s.Store, StringComparer.Ordinal);

    /// <summary>What the client noted as failures.</summary>
    public List<BuildxException> Failures { get; } = [];

    public static string Digest(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static byte[] Random(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Starts a call; it runs until its method ends.</summary>
    public FakeContentCall Call(string method, string? store = "s")
    {
        var call = store is null ? new FakeCall() : new FakeCall(("buildkit-attachable-store-id", store));
        var target = ContentMethods.For(_stores, e => { lock (Failures) { Failures.Add(e); } }).Single(m => m.Path == ContentMethods.Service + method);
        return new FakeContentCall(call, call.InvokeAsync(target));
    }

    /// <summary>Asks one question and reads one answer.</summary>
    public async Task<T> AskAsync<T>(string method, IMessage question, MessageParser<T> parser, string? store = "s")
        where T : IMessage<T>
    {
        using var call = Call(method, store);
        await call.SendAsync(question.ToByteArray());
        var answer = await call.ReadAsync();
        await call.Ended.WaitAsync(Guard);
        return parser.ParseFrom(answer);
    }

    public async Task<StatusCode> RefusedAsync(string method, IMessage question, string? store = "s")
    {
        using var call = Call(method, store);
        await call.SendAsync(question.ToByteArray());
        return (await Assert.ThrowsAsync<SessionStatusException>(() => call.Ended.WaitAsync(Guard))).Code;
    }

    public async Task<byte[]> ReadAsync(string digest, long offset = 0, long size = 0, string store = "s")
    {
        using var call = Call("Read", store);
        await call.SendAsync(new ReadContentRequest { Digest = digest, Offset = offset, Size = size }.ToByteArray());
        var data = new MemoryStream();
        while (await call.ReadAsync() is { } message)
        {
            var (at, piece) = FakeContentCall.ReadAnswer(message);
            Assert.Equal(data.Length, at);
            data.Write(piece);
        }

        await call.Ended.WaitAsync(Guard);
        return data.ToArray();
    }

    /// <summary>Writes a blob as engines do.</summary>
    public async Task WriteAsync(byte[] content, string? reference = null, string store = "s", int piece = 100_000)
    {
        using var call = Call("Write", store);
        var digest = Digest(content);
        await call.SendAsync(FakeContentCall.Write(0, reference ?? "layer-" + digest, content.Length, digest));
        var offset = (int)(await call.AnswerAsync()).Offset;
        while (offset < content.Length)
        {
            var next = content.AsSpan(offset, Math.Min(piece, content.Length - offset)).ToArray();
            await call.SendAsync(FakeContentCall.Write(1, offset: offset, data: next));
            var answer = await call.AnswerAsync();
            offset += next.Length;
            Assert.Equal(offset, answer.Offset);
        }

        await call.SendAsync(FakeContentCall.Write(2, total: content.Length, expected: digest, offset: offset));
        Assert.Equal(digest, (await call.AnswerAsync()).Digest);
        await call.Ended.WaitAsync(Guard);
    }
}

/// <summary>One call of a <see cref="FakeContentEngine"/>.</summary>
internal sealed class FakeContentCall(FakeCall call, Task ended) : IDisposable
{
    public Task Ended => ended;

    public FakeCall Raw => call;

    /// <summary>A message of a write; parts that are left out are not in it.</summary>
    public static byte[] Write(int action, string reference = "", long total = 0, string expected = "", long offset = 0, byte[]? data = null, bool dataFirst = false)
    {
        using var bytes = new MemoryStream();
        using var output = new CodedOutputStream(bytes);
        if (dataFirst)
        {
            WriteData();
        }

        Number(1, action);
        Text(2, reference);
        Number(3, total);
        Text(4, expected);
        Number(5, offset);
        if (!dataFirst)
        {
            WriteData();
        }

        output.Flush();
        return bytes.ToArray();

        void Number(int field, long value)
        {
            if (value != 0)
            {
                output.WriteTag(field, WireFormat.WireType.Varint);
                output.WriteInt64(value);
            }
        }

        void Text(int field, string value)
        {
            if (value.Length > 0)
            {
                output.WriteTag(field, WireFormat.WireType.LengthDelimited);
                output.WriteString(value);
            }
        }

        void WriteData()
        {
            if (data is not null)
            {
                output.WriteTag(6, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(data));
            }
        }
    }

    public static (long Offset, byte[] Data) ReadAnswer(byte[] message)
    {
        using var input = new CodedInputStream(message);
        var (offset, data) = (0L, Array.Empty<byte>());
        while (input.ReadTag() is not 0 and var tag)
        {
            if (tag == 8)
            {
                offset = input.ReadInt64();
            }
            else
            {
                Assert.Equal(18u, tag);
                data = input.ReadBytes().ToByteArray();
            }
        }

        return (offset, data);
    }

    public Task SendAsync(byte[] message) => call.SendRawAsync(message);

    public async Task<WriteContentResponse> AnswerAsync()
    {
        if (await ReadAsync().WaitAsync(FakeContentEngine.Guard) is { } message)
        {
            return WriteContentResponse.Parser.ParseFrom(message);
        }

        await ended.WaitAsync(FakeContentEngine.Guard);
        throw new InvalidOperationException("The call ended without an answer.");
    }

    /// <summary>Reads a message; null at the end.</summary>
    public async Task<byte[]?> ReadAsync()
    {
        while (true)
        {
            var result = await call.EngineInput.ReadAsync().AsTask().WaitAsync(FakeContentEngine.Guard);
            var buffer = result.Buffer;
            if (GrpcMessage.TryRead(ref buffer, out var message))
            {
                var bytes = message.ToArray();
                call.EngineInput.AdvanceTo(buffer.Start);
                return bytes;
            }

            call.EngineInput.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }

    public void Dispose()
    {
        call.Abort();
        call.Dispose();
    }
}
