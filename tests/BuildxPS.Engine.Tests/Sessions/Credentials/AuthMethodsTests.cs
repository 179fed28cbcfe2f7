using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Credentials;
using BuildxPS.Engine.Tests.Images;
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

    [Fact]
    public async Task A_failure_is_told_to_the_build_so_that_it_ends_with_its_cause()
    {
        var told = new List<BuildxException>();
        var call = new FakeCall(new CredentialsRequest { Host = "reg.local" });
        await Assert.ThrowsAsync<SessionStatusException>(() => new CredentialsMethod(new FailingCredentials(), null, told.Add).InvokeAsync(call));
        Assert.Equal(BuildxFailure.CredentialHelperFailed, Assert.Single(told).Failure);
    }

    [Fact]
    public void Where_tokens_are_not_fetched_here_the_engine_is_asked_for_no_key()
        => Assert.Equal("/moby.filesync.v1.Auth/Credentials", Assert.Single(AuthMethods.For(FixedCredentials.User("x"))).Path);

    [Fact]
    public void Without_a_source_nothing_is_served() => Assert.Empty(AuthMethods.For(null));

    private static async Task<CredentialsResponse> AskAsync(string host, ICredentialSource source)
    {
        var call = new FakeCall(new CredentialsRequest { Host = host });
        await AuthMethods.For(source).Single(m => m.Path == "/moby.filesync.v1.Auth/Credentials").InvokeAsync(call);
        return await call.AnswerAsync(CredentialsResponse.Parser);
    }

    private sealed class FailingCredentials : ICredentialSource
    {
        public ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
            => throw new BuildxException(BuildxFailure.CredentialHelperFailed, "the helper hangs.", "Unlock it.");
    }
}
