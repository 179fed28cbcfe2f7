using System.Text;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Tests.Images;

public sealed class RegistryLoginTests
{
    private const string Index = "application/vnd.oci.image.index.v1+json";
    private const string Secret = "s3cret-pass";
    private static readonly byte[] s_index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{Index}}","manifests":[]}""");
    private static readonly string s_basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + Secret));

    [Theory]
    [InlineData("""Bearer realm="https://a/t",service="s",scope="repository:x:pull,push" """, "Bearer", "https://a/t", "repository:x:pull,push")]
    [InlineData("""basic realm="a, b\"c" """, "basic", "a, b\"c", null)]
    [InlineData("""Negotiate abc==, Bearer realm=https://a/t , scope = "x" """, "Bearer", "https://a/t", "x")]
    [InlineData("""Bearer realm="https://a/t",realm="https://evil/t" """, "Bearer", "https://a/t", null)]
    [InlineData("""Basic realm="x", Bearer realm="https://a/t",scope="y" """, "Bearer", "https://a/t", "y")]
    public void Challenges_are_read_as_the_specification_has_them(string header, string scheme, string realm, string? scope)
    {
        var challenge = AuthenticateChallenge.Parse(header)[^1];
        Assert.Equal(scheme, challenge.Scheme);
        Assert.Equal(realm, challenge.Parameter("realm"));
        Assert.Equal(scope, challenge.Parameter("scope"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("=")]
    [InlineData("Bearer realm=\"never closed")]
    [InlineData("\"\"\"\"")]
    [InlineData(",,,, ,,")]
    public void Malformed_challenges_do_no_harm(string header)
        => Assert.All(AuthenticateChallenge.Parse(header), c => Assert.Null(c.Parameter("realm")));

    [Fact]
    public void Any_text_is_read_as_challenges_without_failing()
        => CsCheck.Check.Sample(CsCheck.Gen.String[CsCheck.Gen.Char["Bearer realm=\"\\, \tx"], 0, 60], header => AuthenticateChallenge.Parse(header).Count >= 0);

    [Fact]
    public async Task A_password_is_sent_only_after_the_registry_asked()
    {
        await using var fake = new FakeRegistry(r => r.Authorization == s_basic ? FakeResponse.Document(Index, s_index) : Basic());
        await TestClients.InspectAsync($"{fake.Authority}/a", credentials: FixedCredentials.User(fake.Authority));
        Assert.Equal([null, s_basic], fake.Requests.Select(r => r.Authorization));
    }

    [Theory]
    [InlineData("Basic realm=\"x\"", 2)]
    [InlineData("Bearer realm=\"http://REALM/token\",service=\"s\"", 3)]
    [InlineData("Digest realm=\"x\"", 1)]
    [InlineData("", 1)]
    public async Task A_registry_that_never_accepts_a_login_is_asked_a_bounded_number_of_times(string challenge, int requests)
    {
        FakeRegistry? fake = null;
        fake = new FakeRegistry(r => r.Path == "/token"
            ? FakeResponse.Json(200, """{"token":"t0ken"}""")
            : FakeResponse.Json(401, """{"errors":[{"code":"DENIED","message":"no \u001b[31m way"}]}""", ("WWW-Authenticate", challenge.Replace("REALM", fake!.Authority, StringComparison.Ordinal))));
        await using var _ = fake;
        var error = await TestClients.FailAsync($"{fake.Authority}/a", credentials: FixedCredentials.User(fake.Authority));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.Contains("DENIED: no  way", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Equal(requests, fake.Requests.Count);
    }

    [Fact]
    public async Task A_lack_of_rights_is_said_with_the_registrys_word_for_it()
    {
        FakeRegistry? fake = null;
        fake = new FakeRegistry(r => r.Path == "/token"
            ? FakeResponse.Json(200, """{"token":"t0ken"}""")
            : FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"http://{fake!.Authority}/token\",service=\"s\",error=\"insufficient_scope\"")));
        await using var _ = fake;
        var error = await TestClients.FailAsync($"{fake.Authority}/a", credentials: FixedCredentials.User(fake.Authority));
        Assert.Contains("insufficient_scope", error.Message, StringComparison.Ordinal);
        Assert.Contains("user 'user' from the test", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_does_not_follow_a_redirect_to_another_host()
    {
        await using var other = new FakeRegistry(_ => FakeResponse.Document(Index, s_index));
        await using var fake = new FakeRegistry(r => r.Authorization != s_basic ? Basic() : r.Path.EndsWith("/latest", StringComparison.Ordinal)
            ? FakeResponse.Json(307, "", ("Location", "/v2/a/manifests/moved?sig=hidden"))
            : FakeResponse.Json(307, "", ("Location", $"http://{other.Authority}/elsewhere?signature=hidden")));
        var log = new List<string>();
        await TestClients.InspectAsync($"{fake.Authority}/a", credentials: FixedCredentials.User(fake.Authority), log: log.Add);
        Assert.Equal(s_basic, fake.Requests.Last().Authorization);
        Assert.Null(Assert.Single(other.Requests).Authorization);
        Assert.DoesNotContain(log, l => l.Contains("hidden", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_that_was_redirected_to_is_not_logged_in_to()
    {
        await using var other = new FakeRegistry(_ => Basic());
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(307, "", ("Location", $"http://{other.Authority}/x")));
        var error = await TestClients.FailAsync($"{fake.Authority}/a", credentials: new FixedCredentials(
            (fake.Authority, Login()), (other.Authority, Login())));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.All(other.Requests, r => Assert.Null(r.Authorization));
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/x", "from https to plain http")]
    [InlineData("file:///etc/passwd", "not an address")]
    [InlineData("https://user:pass@127.0.0.1/x", "not an address")]
    [InlineData("/again", "more than 5 times")]
    public async Task Redirects_that_make_no_sense_are_refused(string location, string expected)
    {
        using var certificate = FakeCertificates.Create();
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(302, "", ("Location", location)), certificate);
        var error = await TestClients.FailAsync($"{fake.Authority}/a", new RegistryTrust { SkipTlsVerifyHosts = [fake.Authority] });
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:PORT/token", "on plain http")]
    [InlineData("http://auth.example/token", "on plain http")]
    [InlineData("https://user:x@auth.example/token", "no usable token service")]
    [InlineData("ftp://auth.example/token", "no usable token service")]
    [InlineData("/token", "no usable token service")]
    public async Task An_https_registry_gets_no_password_sent_to_an_unsafe_token_service(string realm, string expected)
    {
        using var certificate = FakeCertificates.Create();
        await using var tokens = new FakeRegistry(_ => FakeResponse.Json(200, """{"token":"t"}"""));
        var header = $"Bearer realm=\"{realm.Replace("PORT", $"{tokens.Port}", StringComparison.Ordinal)}\"";
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(401, "{}", ("WWW-Authenticate", header)), certificate);
        var error = await TestClients.FailAsync(
            $"{fake.Authority}/a", new RegistryTrust { SkipTlsVerifyHosts = [fake.Authority], InsecureHosts = [tokens.Authority] }, FixedCredentials.User(fake.Authority));
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Empty(tokens.Requests);
    }

    [Fact]
    public async Task A_plain_registry_gets_no_password_sent_to_a_plain_token_service_elsewhere()
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(401, "{}", ("WWW-Authenticate", "Bearer realm=\"http://auth.example/token\"")));
        var error = await TestClients.FailAsync($"{fake.Authority}/a", credentials: FixedCredentials.User(fake.Authority));
        Assert.Contains("on plain http", error.Message, StringComparison.Ordinal);
        Assert.Contains("auth.example", error.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(401)]
    [InlineData(400)]
    public async Task A_token_service_without_POST_is_asked_by_GET(int status)
    {
        await using var service = new TokenFake(r => r.Method == "POST"
            ? FakeResponse.Json(status, "{}")
            : r.Authorization == s_basic ? FakeResponse.Json(200, """{"token":"t0ken"}""") : FakeResponse.Json(401, "{}"));
        await TestClients.InspectAsync($"{service.Authority}/a", credentials: FixedCredentials.User(service.Authority));
        Assert.Equal(["POST", "GET"], service.TokenRequests.Select(r => r.Method));
        Assert.Contains("service=the%20service&scope=repository%3Aa%3Apull", service.TokenRequests.Last().Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_goes_in_the_form_and_not_in_the_address()
    {
        await using var service = new TokenFake(_ => FakeResponse.Json(200, """{"access_token":"t0ken"}"""));
        await TestClients.InspectAsync($"{service.Authority}/a", credentials: FixedCredentials.User(service.Authority));
        var request = Assert.Single(service.TokenRequests);
        Assert.Contains($"grant_type=password&username=user&password={Secret}", request.Body, StringComparison.Ordinal);
        Assert.Equal("/token", request.Target);
    }

    [Fact]
    public async Task An_identity_token_is_exchanged_by_refresh()
    {
        await using var service = new TokenFake(_ => FakeResponse.Json(200, """{"access_token":"t0ken"}"""));
        await TestClients.InspectAsync($"{service.Authority}/a", credentials: new FixedCredentials((service.Authority, new RegistryCredential { IdentityToken = "id-t0ken", Source = "the test" })));
        Assert.Contains("grant_type=refresh_token&refresh_token=id-t0ken", Assert.Single(service.TokenRequests).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_token_is_sent_as_it_is()
    {
        await using var service = new TokenFake(_ => FakeResponse.Json(500, "{}"));
        await TestClients.InspectAsync($"{service.Authority}/a", credentials: new FixedCredentials((service.Authority, new RegistryCredential { RegistryToken = "t0ken", Source = "the test" })));
        Assert.Empty(service.TokenRequests);
    }

    [Theory]
    [InlineData("""{"token":"a\r\nX-Evil: 1"}""", "characters")]
    [InlineData("""{"token":""}""", "sent no token")]
    [InlineData("""{}""", "sent no token")]
    [InlineData("""[]""", "did not send JSON")]
    [InlineData("""<html>""", "did not send JSON")]
    [InlineData("""{"token":"a","token":"b"}""", "did not send JSON")]
    public async Task A_token_service_that_lies_is_refused(string body, string expected)
    {
        await using var service = new TokenFake(_ => FakeResponse.Json(200, body));
        var error = await TestClients.FailAsync($"{service.Authority}/a");
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_service_that_redirects_or_floods_is_refused()
    {
        await using var redirecting = new TokenFake(_ => FakeResponse.Json(307, "", ("Location", "https://evil.example/token")));
        Assert.Contains("redirect", (await TestClients.FailAsync($"{redirecting.Authority}/a", credentials: FixedCredentials.User(redirecting.Authority))).Message, StringComparison.Ordinal);

        await using var flooding = new TokenFake(_ => new FakeResponse { Body = new byte[2 * 1024 * 1024] });
        Assert.Contains("more than a token", (await TestClients.FailAsync($"{flooding.Authority}/a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_service_that_cannot_answer_now_is_asked_again()
    {
        var count = 0;
        await using var service = new TokenFake(_ => Interlocked.Increment(ref count) == 1 ? FakeResponse.Json(503, "{}") : FakeResponse.Json(200, """{"token":"t0ken"}"""));
        await TestClients.InspectAsync($"{service.Authority}/a");
        Assert.Equal(2, service.TokenRequests.Count());
    }

    [Fact]
    public async Task Many_requests_at_once_share_one_token()
    {
        await using var service = new TokenFake(_ => FakeResponse.Json(200, """{"token":"t0ken","expires_in":300}"""));
        using var client = TestClients.Create(credentials: FixedCredentials.User(service.Authority));
        var inspector = new ImageInspector(client);
        var reference = ImageReference.Parse($"{service.Authority}/a");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => inspector.InspectAsync(reference, TestContext.Current.CancellationToken)));
        Assert.Single(service.TokenRequests);
    }

    [Fact]
    public async Task A_token_that_was_revoked_is_replaced_once()
    {
        var (issued, accepted) = (0, 1);
        await using var service = new TokenFake(
            _ => FakeResponse.Json(200, $$"""{"token":"t{{Interlocked.Increment(ref issued)}}"}"""),
            r => r.Authorization == $"Bearer t{accepted}");
        using var client = TestClients.Create();
        var inspector = new ImageInspector(client);
        var reference = ImageReference.Parse($"{service.Authority}/a");
        await inspector.InspectAsync(reference, TestContext.Current.CancellationToken);
        accepted = 2;
        await inspector.InspectAsync(reference, TestContext.Current.CancellationToken);
        Assert.Equal(2, issued);
    }

    private static FakeResponse Basic() => FakeResponse.Json(401, "{}", ("WWW-Authenticate", "Basic realm=\"x\""));

    private static RegistryCredential Login() => new() { Username = "user", Password = Secret, Source = "the test" };

    /// <summary>A fake registry whose token service is under <c>/token</c> on the same host.</summary>
    private sealed class TokenFake : IAsyncDisposable
    {
        private readonly FakeRegistry _fake;

        public TokenFake(Func<FakeRequest, FakeResponse> token, Func<FakeRequest, bool>? accepts = null)
        {
            accepts ??= r => r.Authorization == "Bearer t0ken";
            _fake = new FakeRegistry(r => r.Path == "/token" ? token(r)
                : accepts(r) ? FakeResponse.Document(Index, s_index)
                : FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"http://{Authority}/token\",service=\"the service\",scope=\"repository:a:pull\"")));
        }

        public string Authority => _fake.Authority;

        public IEnumerable<FakeRequest> TokenRequests => _fake.Requests.Where(r => r.Path == "/token");

        public ValueTask DisposeAsync() => _fake.DisposeAsync();
    }
}
