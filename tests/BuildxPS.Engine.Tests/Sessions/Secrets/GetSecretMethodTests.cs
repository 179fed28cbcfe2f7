using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Secrets;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Secrets;
using BuildxPS.Engine.Tests.Sessions.Files;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Secrets;

public sealed class GetSecretMethodTests
{
    private static LocalSecretSource Source(string value, string id = "x") => LocalSecretSource.Open(
        [new SecretSpec { Id = id, Value = SecretSpec.Protect(value, id) }],
        new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = "/" });

    private static async Task<byte[]> AskAsync(ISecretSource source, string id, Action<BuildxException>? onFailure = null)
        => await AskAsync(source, new GetSecretRequest { ID = id }.ToByteArray(), onFailure);

    private static async Task<byte[]> AskAsync(ISecretSource source, byte[] request, Action<BuildxException>? onFailure = null)
    {
        using var call = new FakeCall();
        await call.SendRawAsync(request);
        await call.EngineOutput.CompleteAsync();
        await call.InvokeAsync(new GetSecretMethod(source, onFailure));
        return await GrpcMessage.ReadSingleAsync(call.EngineInput, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("s")]
    [InlineData("")]
    public async Task A_secret_is_the_answers_one_field(string value)
    {
        var answer = await AskAsync(Source(value), "x");
        Assert.Equal(new Google.Protobuf.WellKnownTypes.BytesValue { Value = ByteString.CopyFromUtf8(value) }.ToByteArray(), answer);
    }

    [Theory]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(65536)]
    public async Task A_long_secret_is_the_answers_one_field(int length) => await A_secret_is_the_answers_one_field(new string('s', length));

    [Fact]
    public async Task A_secret_that_was_not_given_is_not_found()
    {
        // Only then engines go on without one that is not required.
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => AskAsync(Source("s"), "y"));
        Assert.Equal(StatusCode.NotFound, error.Code);
    }

    [Fact]
    public async Task A_secret_that_cannot_be_read_fails_the_call_and_tells_the_build_why()
    {
        BuildxException? told = null;
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => AskAsync(new FailingSource(), "x", e => told = e));
        Assert.Equal((StatusCode.FailedPrecondition, BuildxFailure.SecretUnreadable), (error.Code, told!.Failure));
        Assert.DoesNotContain("/home/me", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_request_is_refused()
        => Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<SessionStatusException>(() => AskAsync(Source("s"), [0x0A, 0x7F]))).Code);

    [Fact]
    public async Task What_was_sent_is_zeroed()
    {
        var source = new KeepingSource(Source("s3cret"));
        Assert.Contains("s3cret", System.Text.Encoding.UTF8.GetString(await AskAsync(source, "x")), StringComparison.Ordinal);
        source.AssertZeroed(expected: 1);
    }

    [Fact]
    public async Task What_could_not_be_sent_is_zeroed_too()
    {
        var source = new KeepingSource(Source("s3cret"));
        using var call = new FakeCall();
        await call.SendRawAsync(new GetSecretRequest { ID = "x" }.ToByteArray());
        await call.Response.CompleteAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => new GetSecretMethod(source).InvokeAsync(call));
        source.AssertZeroed(expected: 1);
    }

    [Fact]
    public void What_a_buffer_grew_out_of_is_zeroed()
    {
        using var value = new SecretValue(16);
        var first = value.GetMemory();
        first.Span.Fill(1);
        value.Advance(first.Length);
        Assert.True(value.GetMemory().Length > 0);
        Assert.Equal(new byte[first.Length], first.ToArray());
        Assert.Equal(Enumerable.Repeat((byte)1, first.Length), value.Bytes.ToArray());
    }

    private sealed class FailingSource : ISecretSource
    {
        public ValueTask<SecretValue?> GetAsync(string id, CancellationToken cancellationToken)
            => throw new BuildxException(BuildxFailure.SecretUnreadable, "The secret is in /home/me.", "Look.");
    }
}
