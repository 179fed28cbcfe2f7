using System.Net.Security;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Images;

namespace BuildxPS.Engine.Tests.Sessions.Credentials;

public sealed class RealLoginTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("https")]
    [InlineData("token")]
    public async Task An_engine_pushes_and_pulls_with_the_login_of_this_client_and_what_it_pushed_is_read_back(string registry)
    {
        var host = TestEngines.Registry(registry);
        var (name, password) = TestEngines.User(registry);
        var login = FixedCredentials.User(host, name, password);
        var image = $"{host}/logins/{Guid.NewGuid():N}";

        var response = await BuildAsync($"FROM {host}/base\nLABEL id={Guid.NewGuid():N}\n", image, login);
        Assert.True(login.Asked > 0);

        var trust = new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] };
        var read = await TestClients.InspectAsync(image, trust, login);
        Assert.Equal(response["containerimage.digest"], read.Digest);
    }

    [Fact]
    public async Task An_engine_pushes_and_pulls_with_tokens_and_never_asks_for_the_password_behind_them()
    {
        using var folder = new TemporaryFolder();
        var host = TestEngines.Registry("token");
        var (name, password) = TestEngines.User("token");

        // The engine has the login from a client without tokens then, and asks whether this one has the same.
        await BuildAsync($"FROM {host}/base\nLABEL id={Guid.NewGuid():N}\n", $"{host}/logins/{Guid.NewGuid():N}", FixedCredentials.User(host, name, password));
        var (asked, used) = (FixedCredentials.User(host, name, password), FixedCredentials.User(host, name, password));
        using var tokens = Tokens(folder, used);
        var image = $"{host}/logins/{Guid.NewGuid():N}";

        var response = await BuildAsync($"FROM {host}/base\nLABEL id={Guid.NewGuid():N}\n", image, asked, tokens);
        Assert.Equal(0, asked.Asked);
        Assert.True(used.Asked > 0);
        Assert.Equal(response["containerimage.digest"], (await TestClients.InspectAsync(image)).Digest);
    }

    [Fact]
    public async Task A_second_session_is_known_again_by_its_key()
    {
        using var folder = new TemporaryFolder();
        var host = TestEngines.Registry("token");
        var (name, password) = TestEngines.User("token");
        for (var i = 0; i < 2; i++)
        {
            var asked = FixedCredentials.User(host, name, password);
            using var tokens = Tokens(folder, FixedCredentials.User(host, name, password));
            await BuildAsync($"FROM {host}/base\nLABEL id={Guid.NewGuid():N}\n", $"{host}/logins/{Guid.NewGuid():N}", asked, tokens);
            Assert.Equal(0, asked.Asked);
        }
    }

    [Fact]
    public async Task A_wrong_password_is_refused_by_the_token_service_before_the_engine_has_it()
    {
        using var folder = new TemporaryFolder();
        var host = TestEngines.Registry("token");
        var asked = FixedCredentials.User(host, "user", "wr0ng-pass");
        using var tokens = Tokens(folder, asked);
        var told = new List<BuildxException>();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync("FROM scratch\nLABEL a=b\n", $"{host}/logins/{Guid.NewGuid():N}", asked, tokens, told.Add));
        Assert.Contains(told, t => t.Failure == BuildxFailure.RegistryUnauthorized && error.Message.Contains(t.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("wr0ng-pass", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_login_the_push_is_refused()
    {
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync("FROM scratch\nLABEL a=b\n", $"{TestEngines.Registry("https")}/logins/none", null));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
    }

    [Fact]
    public async Task A_wrong_login_is_refused()
    {
        var host = TestEngines.Registry("https");
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() =>
            BuildAsync("FROM scratch\nLABEL a=b\n", $"{host}/logins/{Guid.NewGuid():N}", FixedCredentials.User(host, "user", "wr0ng-pass")));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.DoesNotContain("wr0ng-pass", error.ToString(), StringComparison.Ordinal);
    }

    private static TokenFetcher Tokens(TemporaryFolder folder, ICredentialSource credentials) => new(
        new RegistryClientOptions
        {
            Environment = TestClients.Bare with { Variables = new Dictionary<string, string> { ["DOCKER_CONFIG"] = folder.Path } },
            Credentials = credentials,
        },
        sharesLoopback: true);

    private static async Task<IReadOnlyDictionary<string, string>> BuildAsync(
        string dockerfile, string image, ICredentialSource? credentials, ITokenSource? tokens = null, Action<BuildxException>? onFailure = null)
    {
        var address = TestEngines.Require("bkd");
        var folder = Directory.CreateTempSubdirectory("buildxps-push-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "Dockerfile"), dockerfile);
            await using var engine = new BuildKitEngine(ConnectorFactory.Create(new EngineEndpoint { Address = address }, SslApplicationProtocol.Http2), null, address);
            var source = new LocalFileSource(folder);
            var services = new BuildServices
            {
                Sources = new Dictionary<string, IFileSource> { ["dockerfile"] = source, ["context"] = source },
                Outputs = [null],
                Credentials = credentials,
                Tokens = tokens,
                OnLoginFailure = onFailure,
            };
            var exporter = new EngineExporter { Type = "image", Attributes = new Dictionary<string, string> { ["name"] = image, ["push"] = "true" } };
            using var guard = new CancellationTokenSource(s_guard);
            await using var running = await engine.StartAsync(new EngineBuild { Ref = Guid.NewGuid().ToString("N")[..25], Exporters = [exporter] }, services, guard.Token);
            var events = DrainAsync(running, guard.Token);
            var result = await running.SolveAsync(new FrontendCall { Frontend = "dockerfile.v0" }, guard.Token);
            var response = await running.ExportAsync(result, guard.Token);
            await events;
            return response;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task DrainAsync(IRunningBuild running, CancellationToken cancellationToken)
    {
        await foreach (var _ in running.Events.WithCancellation(cancellationToken))
        {
        }
    }
}
