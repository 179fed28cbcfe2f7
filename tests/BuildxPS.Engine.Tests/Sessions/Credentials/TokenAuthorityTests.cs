using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Credentials;
using BuildxPS.Engine.Tests.Images;
using Google.Protobuf;
using Grpc.Core;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BuildxPS.Engine.Tests.Sessions.Credentials;

public sealed class TokenAuthorityTests
{
    private static readonly byte[] s_salt = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public async Task A_key_that_was_given_signs_what_the_engine_sends_later()
    {
        var tokens = new FixedTokens();
        var key = (await AskAsync(new GetTokenAuthorityMethod(tokens, null), new GetTokenAuthorityRequest { Host = "reg.local", Salt = ByteString.CopyFrom(s_salt) }, GetTokenAuthorityResponse.Parser)).PublicKey.ToByteArray();
        byte[] payload = [7, 8, 9];
        var signed = (await AskAsync(
            new VerifyTokenAuthorityMethod(tokens, null),
            new VerifyTokenAuthorityRequest { Host = "reg.local", Salt = ByteString.CopyFrom(s_salt), Payload = ByteString.CopyFrom(payload) },
            VerifyTokenAuthorityResponse.Parser)).Signed.ToByteArray();

        Assert.Equal(32, key.Length);
        Assert.Equal(payload, signed[64..]);
        Assert.True(Ed25519.Verify(signed, 0, key, 0, payload, 0, payload.Length));
    }

    [Fact]
    public void A_key_depends_on_the_login_and_on_the_salt_and_on_nothing_else()
    {
        byte[] identity = new byte[32], other = [.. new byte[31], 1];
        using var key = new TokenAuthority(identity, s_salt);
        using var same = new TokenAuthority(identity, s_salt);
        using var otherLogin = new TokenAuthority(other, s_salt);
        using var otherSalt = new TokenAuthority(identity, s_salt.AsSpan(1));
        Assert.Equal(key.PublicKey, same.PublicKey);
        Assert.NotEqual(key.PublicKey.ToArray(), otherLogin.PublicKey.ToArray());
        Assert.NotEqual(key.PublicKey.ToArray(), otherSalt.PublicKey.ToArray());
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Without_a_login_or_a_way_to_the_registry_the_engine_is_told_to_ask_for_the_login(bool hasLogin, bool canFetch)
    {
        var tokens = new FixedTokens { HasLogin = hasLogin, CanFetch = canFetch };
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => new GetTokenAuthorityMethod(tokens, null).InvokeAsync(new FakeCall(new GetTokenAuthorityRequest { Host = "reg.local" })));
        Assert.Equal(StatusCode.Unavailable, error.Code);
        error = await Assert.ThrowsAsync<SessionStatusException>(() => new VerifyTokenAuthorityMethod(tokens, null).InvokeAsync(new FakeCall(new VerifyTokenAuthorityRequest { Host = "reg.local" })));
        Assert.Equal(StatusCode.Unavailable, error.Code);
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    public async Task A_password_is_kept_from_engines_where_tokens_are_fetched_for_it(bool hasLogin, bool canFetch, bool isKept)
    {
        var logins = FixedCredentials.User("reg.local");
        var call = new FakeCall(new CredentialsRequest { Host = "reg.local" });
        var method = new CredentialsMethod(logins, new FixedTokens { HasLogin = hasLogin, CanFetch = canFetch }, null);
        if (isKept)
        {
            await Assert.ThrowsAsync<SessionStatusException>(() => method.InvokeAsync(call));
            Assert.Equal(0, logins.Asked);
            return;
        }

        await method.InvokeAsync(call);
        Assert.Equal("s3cret-pass", (await call.AnswerAsync(CredentialsResponse.Parser)).Secret);
    }

    [Fact]
    public async Task A_token_is_passed_on_with_its_life()
    {
        var tokens = new FixedTokens();
        var answer = await AskAsync(
            new FetchTokenMethod(tokens, null),
            new FetchTokenRequest { Host = "reg.local", Realm = "https://auth.local/token", Service = "s", Scopes = { "repository:a:pull", "repository:b:pull,push" } },
            FetchTokenResponse.Parser);
        Assert.Equal(("t0ken", 250L, 0L), (answer.Token, answer.ExpiresIn, answer.IssuedAt));
        Assert.Equal(("reg.local", "https://auth.local/token", "s"), (tokens.Asked!.Host, tokens.Asked.Realm, tokens.Asked.Service));
        Assert.Equal(["repository:a:pull", "repository:b:pull,push"], tokens.Asked.Scopes);
    }

    [Fact]
    public async Task A_token_that_is_about_to_end_is_not_given_the_minute_that_zero_seconds_mean()
    {
        var answer = await AskAsync(new FetchTokenMethod(new FixedTokens { Life = TimeSpan.FromSeconds(0.4) }, null), new FetchTokenRequest { Host = "reg.local" }, FetchTokenResponse.Parser);
        Assert.Equal(1, answer.ExpiresIn);
    }

    [Fact]
    public async Task Why_there_is_no_token_is_told_to_the_engine_and_to_the_build()
    {
        var told = new List<BuildxException>();
        var failure = new BuildxException(BuildxFailure.RegistryUnauthorized, "No token for\nyou.", "Log in.");
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => new FetchTokenMethod(new FixedTokens { Failure = failure }, told.Add).InvokeAsync(new FakeCall(new FetchTokenRequest { Host = "reg.local" })));
        Assert.Equal(StatusCode.FailedPrecondition, error.Code);
        Assert.Contains("Log in.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Same(failure, Assert.Single(told));

        // A cause that a session remembers is the build's, and the engine may do without what the token was for.
        Assert.Null(error.InnerException);
    }

    [Fact]
    public async Task An_engine_that_asks_for_nonsense_is_refused_before_anything_is_looked_up()
    {
        var tokens = new FixedTokens();
        await RefusesAsync(new GetTokenAuthorityMethod(tokens, null), new GetTokenAuthorityRequest { Host = "a/b" });
        await RefusesAsync(new GetTokenAuthorityMethod(tokens, null), new GetTokenAuthorityRequest { Host = "reg.local", Salt = ByteString.CopyFrom(new byte[2000]) });
        await RefusesAsync(new VerifyTokenAuthorityMethod(tokens, null), new VerifyTokenAuthorityRequest { Host = "reg.local", Payload = ByteString.CopyFrom(new byte[5000]) });
        await RefusesAsync(new FetchTokenMethod(tokens, null), new FetchTokenRequest { Host = "" });
        await RefusesAsync(new FetchTokenMethod(tokens, null), new FetchTokenRequest { Host = "reg.local", Realm = "https://a/\r\nX: y" });
        await RefusesAsync(new FetchTokenMethod(tokens, null), new FetchTokenRequest { Host = "reg.local", Scopes = { Enumerable.Repeat("a", 101) } });
        await RefusesAsync(new FetchTokenMethod(tokens, null), new FetchTokenRequest { Host = "reg.local", Service = new string('s', 2001) });
        Assert.Equal(0, tokens.Calls);
    }

    private static async Task RefusesAsync(ISessionMethod method, IMessage request)
        => Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<SessionStatusException>(() => method.InvokeAsync(new FakeCall(request)))).Code);

    private static async Task<T> AskAsync<T>(ISessionMethod method, IMessage request, MessageParser<T> parser)
        where T : IMessage<T>
    {
        var call = new FakeCall(request);
        await method.InvokeAsync(call);
        return await call.AnswerAsync(parser);
    }

    private sealed class FixedTokens : ITokenSource
    {
        public bool HasLogin { get; init; } = true;

        public bool CanFetch { get; init; } = true;

        public TimeSpan Life { get; init; } = TimeSpan.FromSeconds(250.9);

        public BuildxException? Failure { get; init; }

        public TokenRequest? Asked { get; private set; }

        public int Calls { get; private set; }

        public ValueTask<byte[]?> FindIdentityAsync(string host, CancellationToken cancellationToken)
        {
            Calls++;
            return new(HasLogin ? new byte[32] : null);
        }

        public ValueTask<bool> CanFetchAsync(string host, CancellationToken cancellationToken)
        {
            Calls++;
            return new(CanFetch);
        }

        public ValueTask<(string Token, TimeSpan Life)> FetchAsync(TokenRequest request, CancellationToken cancellationToken)
        {
            Calls++;
            Asked = request;
            return Failure is null ? new(("t0ken", Life)) : throw Failure;
        }
    }
}
