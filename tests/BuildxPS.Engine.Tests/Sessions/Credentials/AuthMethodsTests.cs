using System.Buffers;
using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Credentials;
using BuildxPS.Engine.Tests.Images;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Credentials;

public sealed class AuthMethodsTests
{
    [Fact]
    public async Task A_user_is_given_with_its_password()
    {
        var answer = await AskAsync("reg.local", FixedCredentials.User("reg.local"));
        Assert.Equal(("user", "s3cret-pass"), (answer.Username, answer.Secret));
    }

    [Fact]
    public async Task An_identity_token_is_a_secret_alone()
    {
        var answer = await AskAsync("reg.local", new FixedCredentials(("reg.local", new RegistryCredential { Username = "x", IdentityToken = "id", Source = "test" })));
        Assert.Equal(("", "id"), (answer.Username, answer.Secret));
    }

    [Fact]
    public async Task No_login_is_two_empty_texts()
    {
        var answer = await AskAsync("other.local", FixedCredentials.User("reg.local"));
        Assert.Equal(("", ""), (answer.Username, answer.Secret));
    }

    [Fact]
    public async Task What_was_handed_out_is_said_without_the_secret()
    {
        var log = new List<string>();
        await AskAsync("reg.local", FixedCredentials.User("reg.local"), log.Add);
        Assert.Contains("reg.local", Assert.Single(log), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", log[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    public async Task A_host_that_is_none_is_refused(string host)
    {
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => AskAsync(host, FixedCredentials.User(host)));
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task A_failing_source_fails_the_call_with_its_words()
    {
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => AskAsync("reg.local", new FailingCredentials()));
        Assert.Equal(StatusCode.FailedPrecondition, error.Code);
        Assert.Contains("the helper hangs", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GetTokenAuthority")]
    [InlineData("VerifyTokenAuthority")]
    [InlineData("FetchToken")]
    public async Task Tokens_are_left_to_the_engine(string name)
    {
        var method = AuthMethods.For(FixedCredentials.User("x")).Single(m => m.Path == "/moby.filesync.v1.Auth/" + name);
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => method.InvokeAsync(new FakeCall([])));
        Assert.Equal(StatusCode.Unavailable, error.Code);
    }

    [Fact]
    public void Without_a_source_nothing_is_served() => Assert.Empty(AuthMethods.For(null));

    private static async Task<CredentialsResponse> AskAsync(string host, ICredentialSource source, Action<string>? log = null)
    {
        var call = new FakeCall(new CredentialsRequest { Host = host }.ToByteArray());
        await AuthMethods.For(source, log).Single(m => m.Path == "/moby.filesync.v1.Auth/Credentials").InvokeAsync(call);
        return CredentialsResponse.Parser.ParseFrom(await call.AnswerAsync());
    }

    private sealed class FailingCredentials : ICredentialSource
    {
        public ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
            => throw new BuildxException(BuildxFailure.CredentialHelperFailed, "the helper hangs.", "Unlock it.");
    }

    /// <summary>A fake call with one message in it.</summary>
    private sealed class FakeCall : ISessionCall
    {
        private readonly Pipe _response = new();

        public FakeCall(byte[] message)
        {
            var framed = new byte[GrpcMessage.HeaderLength + message.Length];
            GrpcMessage.WriteHeader(framed, message.Length);
            message.CopyTo(framed, GrpcMessage.HeaderLength);
            Request = PipeReader.Create(new ReadOnlySequence<byte>(framed));
        }

        public PipeReader Request { get; }

        public PipeWriter Response => _response.Writer;

        public CancellationToken Aborted => TestContext.Current.CancellationToken;

        public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> Headers => [];

        public IReadOnlyList<string> Header(string name) => [];

        public Task<byte[]> AnswerAsync()
        {
            _response.Writer.Complete();
            return GrpcMessage.ReadSingleAsync(_response.Reader, Aborted);
        }
    }
}
