using System.Buffers;
using System.IO.Pipelines;
using BuildxPS.Engine.Sessions;
using Google.Protobuf;

namespace BuildxPS.Engine.Tests.Sessions.Credentials;

/// <summary>A fake call with one message in it.</summary>
internal sealed class FakeCall : ISessionCall
{
    private readonly Pipe _response = new();

    public FakeCall(IMessage message)
    {
        var framed = new byte[GrpcMessage.HeaderLength + message.CalculateSize()];
        GrpcMessage.WriteHeader(framed, message.CalculateSize());
        message.WriteTo(framed.AsSpan(GrpcMessage.HeaderLength));
        Request = PipeReader.Create(new ReadOnlySequence<byte>(framed));
    }

    public PipeReader Request { get; }

    public PipeWriter Response => _response.Writer;

    public CancellationToken Aborted => TestContext.Current.CancellationToken;

    public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> Headers => [];

    public IReadOnlyList<string> Header(string name) => [];

    public async Task<T> AnswerAsync<T>(MessageParser<T> parser)
        where T : IMessage<T>
    {
        await _response.Writer.CompleteAsync();
        return parser.ParseFrom(await GrpcMessage.ReadSingleAsync(_response.Reader, Aborted));
    }
}
