using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>Where the login goes when an engine asks for a token, with registries and token services that are fakes.</summary>
public sealed class FakeTokenFetcherTests : IDisposable
{
    private const string Secret = "s3cret-pass";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_token_comes_from_the_service_that_the_registry_names()
    {
        await using var fake = Registry(r => FakeResponse.Json(200, """{"access_token":"t0ken","expires_in":300}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        Assert.True(await fetcher.CanFetchAsync(fake.Authority, Token));
        var (token, life) = await fetcher.FetchAsync(Request(fake), Token);
        Assert.Equal("t0ken", token);
        Assert.InRange(life, TimeSpan.FromSeconds(200), TimeSpan.FromSeconds(300));
        Assert.Equal(["/v2/", "/token", "/token"], fake.Requests.Select(r => r.Path));
    }

    [Fact]
    public async Task A_registry_that_is_asked_twice_is_asked_once_for_its_service()
    {
        await using var fake = Registry(r => FakeResponse.Json(200, """{"token":"t0ken"}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => fetcher.FetchAsync(Request(fake), Token).AsTask()));
        Assert.Equal(1, fake.Requests.Count(r => r.Path == "/v2/"));
    }

    [Theory]
    [InlineData("http://EVIL/token")]
    [InlineData("https://SELF/token")]
    [InlineData("http://user@EVIL/token")]
    [InlineData("http://SELF/api/admin/token")]
    [InlineData("http://SELF/token?account=other")]
    [InlineData("not an address")]
    [InlineData("")]
    public async Task An_engine_that_names_another_service_gets_nothing_and_nobody_gets_the_password(string realm)
    {
        await using var evil = new FakeRegistry(_ => FakeResponse.Json(200, """{"token":"t0ken"}"""));
        await using var fake = Registry(r => FakeResponse.Json(200, """{"token":"t0ken"}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        realm = realm.Replace("EVIL", evil.Authority, StringComparison.Ordinal).Replace("SELF", fake.Authority, StringComparison.Ordinal);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fetcher.FetchAsync(Request(fake) with { Realm = realm }, Token).AsTask());
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(evil.Requests);
        Assert.All(fake.Requests, r => Assert.Null(r.Authorization));
    }

    [Fact]
    public async Task An_engine_cannot_have_hosts_called_that_nobody_has_a_login_for()
    {
        await using var inside = Registry(r => FakeResponse.Json(200, """{"token":"t0ken"}"""));
        using var fetcher = Fetcher(FixedCredentials.User("other.local"));
        Assert.Null(await fetcher.FindIdentityAsync(inside.Authority, Token));
        await Assert.ThrowsAnyAsync<BuildxException>(() => fetcher.FetchAsync(Request(inside), Token).AsTask());
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task An_engine_that_names_another_service_gets_nothing_though_the_address_is_right()
    {
        await using var fake = Registry(r => FakeResponse.Json(200, """{"token":"t0ken"}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        await Assert.ThrowsAnyAsync<BuildxException>(() => fetcher.FetchAsync(Request(fake) with { Service = "other" }, Token).AsTask());
        Assert.All(fake.Requests, r => Assert.Null(r.Authorization));
    }

    [Fact]
    public async Task A_repository_may_have_a_service_of_its_own()
    {
        FakeRegistry? fake = null;
        await using var registry = fake = new FakeRegistry(r => r.Path.StartsWith("/v2/", StringComparison.Ordinal)
            ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"http://{fake!.Authority}{(r.Path == "/v2/" ? "" : "/team")}/token\",service=\"s\""))
            : FakeResponse.Json(200, """{"token":"t0ken"}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        var request = Request(fake) with { Realm = $"http://{fake.Authority}/team/token", Scopes = ["repository:team/app:pull"] };
        Assert.Equal("t0ken", (await fetcher.FetchAsync(request, Token)).Token);
        Assert.Contains("/v2/team/app/tags/list", fake.Requests.Select(r => r.Path));
    }

    [Theory]
    [InlineData("http://SELF/token")]
    [InlineData("https://127.0.0.1:1/token")]
    [InlineData("https://SELF/moved")]
    [InlineData("https://SELF/html")]
    public async Task A_service_that_gives_this_client_nothing_is_left_to_the_engine(string realm)
    {
        using var certificate = FakeCertificates.Create();
        FakeRegistry? fake = null;
        await using var registry = fake = new FakeRegistry(
            r => r.Path == "/v2/" ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"{realm.Replace("SELF", fake!.Authority, StringComparison.Ordinal)}\",service=\"s\""))
                : r.Path.StartsWith("/moved", StringComparison.Ordinal) ? FakeResponse.Json(302, "", ("Location", "/token"))
                : FakeResponse.Json(200, "<html>"),
            certificate);
        using var fetcher = new TokenFetcher(
            new RegistryClientOptions
            {
                Environment = TestClients.Bare with { Variables = Variables() },
                Credentials = FixedCredentials.User(fake.Authority),
                Limits = TestClients.Limits,
                Trust = new RegistryTrust { SkipTlsVerifyHosts = [fake.Authority] },
            },
            sharesLoopback: true);
        Assert.False(await fetcher.CanFetchAsync(fake.Authority, Token));
    }

    [Fact]
    public async Task A_login_that_is_refused_stays_here_too()
    {
        await using var fake = Registry(r => FakeResponse.Json(401, """{"details":"incorrect username or password"}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        Assert.True(await fetcher.CanFetchAsync(fake.Authority, Token));
    }

    [Fact]
    public async Task A_loopback_registry_that_is_another_one_to_the_engine_is_left_to_it()
    {
        await using var fake = Registry(r => FakeResponse.Json(200, """{"token":"t0ken"}"""));
        using var fetcher = new TokenFetcher(
            new RegistryClientOptions { Environment = TestClients.Bare with { Variables = Variables() }, Credentials = FixedCredentials.User(fake.Authority) }, sharesLoopback: false);
        Assert.Null(await fetcher.FindIdentityAsync(fake.Authority, Token));
        Assert.Empty(fake.Requests);
    }

    [Fact]
    public async Task A_proxy_that_cannot_be_read_is_no_matter_to_a_build_without_logins()
    {
        using var fetcher = Fetcher(FixedCredentials.User("reg.local"), ("HTTPS_PROXY", "socks5h://proxy.local:1080"));
        Assert.Null(await fetcher.FindIdentityAsync("other.local", Token));
        Assert.False(await fetcher.CanFetchAsync("reg.local", Token));
    }

    [Theory]
    [InlineData(401, "Basic realm=\"x\"")]
    [InlineData(401, "Bearer service=\"no realm\"")]
    [InlineData(200, "")]
    [InlineData(500, "")]
    public async Task A_registry_without_a_token_service_is_left_to_the_engine(int status, string challenge)
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(status, "{}", ("WWW-Authenticate", challenge)));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        Assert.False(await fetcher.CanFetchAsync(fake.Authority, Token));
    }

    [Fact]
    public async Task A_registry_that_only_the_engine_can_reach_is_left_to_the_engine()
    {
        using var closed = new ClosedPort();
        using var fetcher = Fetcher(FixedCredentials.User(closed.Authority));
        Assert.False(await fetcher.CanFetchAsync(closed.Authority, Token));
    }

    [Theory]
    [InlineData("1", false)]
    [InlineData("true", false)]
    [InlineData("0", true)]
    [InlineData("perhaps", true)]
    public async Task The_user_can_leave_tokens_to_the_engine(string value, bool isHere)
    {
        using var fetcher = Fetcher(FixedCredentials.User("reg.local"), ("BUILDKIT_NO_CLIENT_TOKEN", value));
        Assert.Equal(isHere, await fetcher.FindIdentityAsync("reg.local", Token) is not null);
    }

    [Fact]
    public async Task What_stands_for_a_login_is_another_for_another_user_password_or_registry_and_holds_no_secret()
    {
        byte[][] all =
        [
            await IdentityAsync("reg.local", "user", Secret), await IdentityAsync("reg.local", "other", Secret),
            await IdentityAsync("reg.local", "user", "else"), await IdentityAsync("other.local", "user", Secret),
        ];
        Assert.Equal(all[0], await IdentityAsync("reg.local", "user", Secret));
        Assert.Equal(4, all.DistinctBy(Convert.ToHexString).Count());
        Assert.DoesNotContain(Secret, await File.ReadAllTextAsync(Path.Combine(_folder.Path, ".token_seed"), Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_for_one_repository_is_used_for_that_one()
    {
        await using var fake = Registry(r => FakeResponse.Json(200, """{"token":"t0ken"}"""));
        _folder.Write($"buildx/config/{fake.Authority}/team/app/config.json", $$$$"""{"auths":{"{{{{fake.Authority}}}}":{"auth":"{{{{Convert.ToBase64String("team:one"u8)}}}}"}}}""");
        using var store = new CredentialStore(TestClients.Bare with { Variables = Variables() });
        using var fetcher = Fetcher(store);
        Assert.NotNull(await fetcher.FindIdentityAsync(fake.Authority, Token));
        await fetcher.FetchAsync(Request(fake) with { Scopes = ["repository:team/app:pull,push"] }, Token);
        await fetcher.FetchAsync(Request(fake) with { Scopes = ["repository:other:pull"] }, Token);
        Assert.NotEqual(await fetcher.FindIdentityAsync(fake.Authority, Token), await IdentityAsync(fake.Authority, "team", "one"));
        Assert.Equal([true, false], fake.Requests.Where(r => r.Path.StartsWith("/token", StringComparison.Ordinal)).Select(r => r.Method == "POST"));
    }

    [Fact]
    public async Task A_refusal_names_the_registry_and_the_user()
    {
        await using var fake = Registry(r => FakeResponse.Json(401, """{"details":"incorrect username or password"}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fetcher.FetchAsync(Request(fake), Token).AsTask());
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.Contains(fake.Authority, error.Message, StringComparison.Ordinal);
        Assert.Contains("'user'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_is_busy_is_asked_again()
    {
        var answers = 0;
        await using var fake = Registry(r => Interlocked.Increment(ref answers) == 1 ? FakeResponse.Json(503, "{}") : FakeResponse.Json(200, """{"token":"t0ken"}"""));
        using var fetcher = Fetcher(FixedCredentials.User(fake.Authority));
        Assert.Equal("t0ken", (await fetcher.FetchAsync(Request(fake), Token)).Token);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static FakeRegistry Registry(Func<FakeRequest, FakeResponse> service)
    {
        FakeRegistry? fake = null;
        return fake = new FakeRegistry(r => r.Path == "/v2/"
            ? FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"http://{fake!.Authority}/token\",service=\"s\""))
            : service(r));
    }

    private static TokenRequest Request(FakeRegistry fake)
        => new() { Host = fake.Authority, Realm = $"http://{fake.Authority}/token", Service = "s", Scopes = ["repository:a:pull"] };

    private async Task<byte[]> IdentityAsync(string host, string user, string password)
    {
        using var fetcher = Fetcher(FixedCredentials.User(host, user, password));
        return (await fetcher.FindIdentityAsync(host, Token))!;
    }

    private Dictionary<string, string> Variables() => new() { ["DOCKER_CONFIG"] = _folder.Path, ["PATH"] = "" };

    private TokenFetcher Fetcher(ICredentialSource credentials, params (string Name, string Value)[] variables)
    {
        var all = Variables();
        foreach (var (name, value) in variables)
        {
            all[name] = value;
        }

        return new TokenFetcher(
            new RegistryClientOptions { Environment = TestClients.Bare with { Variables = all }, Credentials = credentials, Limits = TestClients.Limits }, sharesLoopback: true);
    }
}
