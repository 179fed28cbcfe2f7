using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Tests.Builds;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class RegistryLoginsTests : IDisposable
{
    private const string Secret = "s3cret-pass";

    /// <summary>A fake helper that keeps logins as files, and notes what it is asked.</summary>
    private const string FakeHelper = """
        read -r line
        echo "$1 $line" >> "$HOME/asked"
        case $1 in
            store) echo "$line" > "$HOME/kept";;
            get) cat "$HOME/kept" 2> /dev/null || { echo "credentials not found in native keychain"; exit 1; };;
            erase) rm -f "$HOME/kept";;
        esac
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _log = [];
    private string _path = "/usr/bin:/bin";

    public void Dispose()
    {
        Assert.DoesNotContain(_log, l => l.Contains(Secret, StringComparison.Ordinal));
        _folder.Dispose();
    }

    private string ConfigFile => Path.Join(_folder.Path, "config.json");

    [Fact]
    public async Task Without_a_helper_a_login_is_refused_unless_the_file_is_asked_for()
    {
        await using var fake = Registry();
        var error = Assert.Throws<BuildxException>(() => Logins().Plan(fake.Authority, "user", toFile: false));
        Assert.Equal(BuildxFailure.CredentialHelperMissing, error.Failure);
        Assert.Contains("-UseFile", error.Advice, StringComparison.Ordinal);
        Assert.False(File.Exists(ConfigFile));

        var (login, warnings) = await ConnectAsync(fake.Authority, toFile: true);
        Assert.Equal((ConfigFile, true, false), (login.Store, login.IsPlainText, login.IsToken));
        Assert.Contains("unencrypted", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal("user:" + Secret, Auth(fake.Authority));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ConfigFile));
        }
    }

    [Fact]
    public async Task What_else_is_in_the_file_stays_as_it_is_written()
    {
        await using var fake = Registry();
        const string Before = "{\n    \"currentContext\" : \"x\",\n    \"auths\" : { \"other\" : { \"auth\" : \"YTpi\" } },\n    \"HttpHeaders\" : { \"A\":\"b\" }\n}\n";
        File.WriteAllText(ConfigFile, Before);
        await ConnectAsync(fake.Authority, toFile: true);
        Assert.Contains("\"currentContext\" : \"x\",\n    \"auths\" : { \"other\" : { \"auth\" : \"YTpi\" },", File.ReadAllText(ConfigFile), StringComparison.Ordinal);
        await Logins().DisconnectAsync(fake.Authority, Token);
        Assert.Equal(Before, File.ReadAllText(ConfigFile));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_link_to_the_file_stays_one()
    {
        await using var fake = Registry();
        var real = Path.Join(_folder.Path, "real.json");
        File.WriteAllText(real, "{}");
        File.CreateSymbolicLink(ConfigFile, "real.json");
        await ConnectAsync(fake.Authority, toFile: true);
        Assert.Equal("real.json", new FileInfo(ConfigFile).LinkTarget);
        Assert.Contains(fake.Authority, File.ReadAllText(real), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"credsStore":"fake"}""")]
    [InlineData("""{"credsStore":"missing","credHelpers":{"HOST":"fake"}}""")]
    public async Task A_helper_keeps_the_password_and_the_file_does_not_FakeHelper(string config)
    {
        await using var fake = Registry();
        Helper("fake");
        File.WriteAllText(ConfigFile, config.Replace("HOST", fake.Authority, StringComparison.Ordinal));
        var (login, warnings) = await ConnectAsync(fake.Authority, toFile: false);
        Assert.Equal(("docker-credential-fake", false), (login.Store, login.IsPlainText));
        Assert.Empty(warnings);
        Assert.Equal(
            $$"""{"ServerURL":"{{fake.Authority}}","Username":"user","Secret":"{{Secret}}"}""",
            File.ReadAllText(Path.Join(_folder.Path, "kept")).Trim());
        Assert.Contains($"\"auths\":{{\"{fake.Authority}\":{{}}}}", File.ReadAllText(ConfigFile), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, File.ReadAllText(ConfigFile), StringComparison.Ordinal);

        using (var store = new CredentialStore(Surroundings()))
        {
            Assert.Equal(Secret, (await store.GetAsync(fake.Authority, [], Token))?.Password);
        }

        Assert.Equal("user", (await Logins().FindAsync(fake.Authority, Token))?.UserName);
        await Logins().DisconnectAsync(fake.Authority, Token);
        Assert.Null(await Logins().FindAsync(fake.Authority, Token));
        Assert.DoesNotContain($"\"{fake.Authority}\":{{}}", File.ReadAllText(ConfigFile), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_systems_key_ring_is_used_by_itself_and_named_in_the_file_FakeHelper()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The name of the helper is Linux's.");
        await using var fake = Registry();
        Helper("secretservice");
        var (login, _) = await ConnectAsync(fake.Authority, toFile: false);
        Assert.Equal("docker-credential-secretservice", login.Store);
        Assert.Contains("\"credsStore\": \"secretservice\"", File.ReadAllText(ConfigFile), StringComparison.Ordinal);
        Assert.Equal("user", (await Logins().FindAsync(fake.Authority, Token))?.UserName);
    }

    [Fact]
    public void A_file_is_refused_where_docker_would_not_look_in_it()
    {
        File.WriteAllText(ConfigFile, """{"credsStore":"x"}""");
        var error = Assert.Throws<BuildxException>(() => Logins().Plan("registry.local", "user", toFile: true));
        Assert.Equal(BuildxFailure.ArgumentInvalid, error.Failure);
        Assert.Contains("docker-credential-x", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_helper_that_is_not_there_is_named_before_the_login_is_tried()
    {
        File.WriteAllText(ConfigFile, """{"credsStore":"missing"}""");
        var error = Assert.Throws<BuildxException>(() => Logins().Plan("registry.local", "user", toFile: false));
        Assert.Equal(BuildxFailure.CredentialHelperFailed, error.Failure);
        Assert.Contains("docker-credential-missing", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo 'no room for s3cret-pass'; exit 1", "ended with code 1.")]
    [InlineData("cat; exit 3", "ended with code 3.")]
    public async Task A_helper_that_keeps_nothing_is_named_and_the_secret_is_not_said_FakeHelper(string script, string expected)
    {
        await using var fake = Registry();
        Helper("fake", script);
        File.WriteAllText(ConfigFile, """{"credsStore":"fake"}""");
        var error = await Assert.ThrowsAsync<BuildxException>(() => ConnectAsync(fake.Authority, toFile: false));
        Assert.Equal(BuildxFailure.CredentialHelperFailed, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Equal("""{"credsStore":"fake"}""", File.ReadAllText(ConfigFile));
    }

    [Fact]
    public async Task A_token_that_the_registry_gives_for_the_password_is_kept_in_its_place_Fake()
    {
        FakeRegistry? fake = null;
        fake = new FakeRegistry(r => r.Path == "/token" ? FakeResponse.Json(200, """{"token":"t0ken","refresh_token":"lasting"}""")
            : r.Authorization == "Bearer t0ken" ? FakeResponse.Json(200, "{}")
            : FakeResponse.Json(401, "{}", ("WWW-Authenticate", $"Bearer realm=\"http://{fake!.Authority}/token\",service=\"s\"")));
        await using var _ = fake;
        var (login, warnings) = await ConnectAsync(fake.Authority, toFile: true);
        Assert.True(login.IsToken);
        Assert.Contains("token", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Contains("offline_token=true", fake.Requests.Single(r => r.Path == "/token").Target, StringComparison.Ordinal);
        Assert.Equal("user:", Auth(fake.Authority));
        Assert.DoesNotContain(Secret, File.ReadAllText(ConfigFile), StringComparison.Ordinal);
        using var store = new CredentialStore(Surroundings());
        Assert.Equal("lasting", (await store.GetAsync(fake.Authority, [], Token))?.IdentityToken);
    }

    [Theory]
    [InlineData("docker.io")]
    [InlineData("index.docker.io")]
    public async Task Docker_Hubs_login_has_dockers_key_for_it(string host)
    {
        File.WriteAllText(ConfigFile, $$$$"""{"auths":{"https://index.docker.io/v1/":{"auth":"{{{{Convert.ToBase64String("hub:x"u8)}}}}"}}}""");
        Assert.Equal("hub", (await Logins().FindAsync(host, Token))?.UserName);
        await Logins().DisconnectAsync(host, Token);
        Assert.Equal("""{"auths":{}}""", File.ReadAllText(ConfigFile));
    }

    [Fact]
    public async Task Logins_of_old_times_are_removed_too()
    {
        File.WriteAllText(ConfigFile, """{"auths":{"https://registry.local/v1/":{"auth":"YTpi"},"registry.local":{},"registry.local:5000":{}}}""");
        await Logins().DisconnectAsync("registry.local", Token);
        Assert.Equal("""{"auths":{"registry.local:5000":{}}}""", File.ReadAllText(ConfigFile));
    }

    [Theory]
    [InlineData(200, "could not be checked", null)]
    [InlineData(404, null, BuildxFailure.RegistryError)]
    [InlineData(403, null, BuildxFailure.RegistryUnauthorized)]
    public async Task What_a_registry_says_that_asks_for_no_login_is_said_Fake(int status, string? warning, BuildxFailure? failure)
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(status, "{}"));
        if (failure is { } expected)
        {
            Assert.Equal(expected, (await Assert.ThrowsAnyAsync<BuildxException>(() => ConnectAsync(fake.Authority, toFile: true))).Failure);
            Assert.False(File.Exists(ConfigFile));
            return;
        }

        Assert.Contains((await ConnectAsync(fake.Authority, toFile: true)).Warnings, w => w.Contains(warning!, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a:b")]
    public void A_user_that_no_header_can_name_is_refused(string user)
        => Assert.Equal(BuildxFailure.ArgumentInvalid, Assert.Throws<BuildxException>(() => Logins().Plan("registry.local", user, toFile: true)).Failure);

    [Theory]
    [InlineData("https", "pass", null)]
    [InlineData("token", "pass", null)]
    [InlineData("https", "wr0ng", BuildxFailure.RegistryUnauthorized)]
    [InlineData("token", "wr0ng", BuildxFailure.RegistryUnauthorized)]
    public async Task A_login_is_tried_at_the_real_registry_before_it_is_kept(string name, string password, BuildxFailure? failure)
    {
        var registry = TestEngines.Registry(name);
        var connecting = ConnectAsync(registry, toFile: true, password);
        if (failure is not null)
        {
            var error = await Assert.ThrowsAnyAsync<BuildxException>(() => connecting);
            Assert.Equal(failure, error.Failure);
            Assert.Contains("user 'user'", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("wr0ng", error.ToString(), StringComparison.Ordinal);
            Assert.False(File.Exists(ConfigFile));
            return;
        }

        Assert.Equal(registry, (await connecting).Login.Registry);
        Assert.Equal("user:pass", Auth(registry));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dockers_own_client_finds_the_login_FakeHelper(bool toFile)
    {
        var registry = TestEngines.Registry("https");
        Directory.CreateSymbolicLink(Path.Join(_folder.Path, "cli-plugins"), Path.Join(TestEngines.Tool("dockerConfig"), "cli-plugins"));
        if (!toFile)
        {
            Helper("fake");
            File.WriteAllText(ConfigFile, """{"credsStore":"fake"}""");
        }

        var (without, _, _) = await InspectAsync();
        await ConnectAsync(registry, toFile, "pass");
        var (with, output, error) = await InspectAsync();
        Assert.True(with == 0, error);
        Assert.Contains("\"schemaVersion\"", output, StringComparison.Ordinal);
        await Logins().DisconnectAsync(registry, Token);
        var (after, _, _) = await InspectAsync();
        Assert.Equal((true, true), (without != 0, after != 0));

        Task<(int ExitCode, string Output, string Error)> InspectAsync() => DockerCommand.RunAsync(
            "d28",
            [("DOCKER_CONFIG", _folder.Path), ("HOME", _folder.Path), ("PATH", _path), ("SSL_CERT_FILE", TestEngines.Certificate("ca"))],
            "buildx", "imagetools", "inspect", "--raw", registry + "/base");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A fake registry with one user.</summary>
    private static FakeRegistry Registry()
    {
        var header = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + Secret));
        return new FakeRegistry(r => r.Authorization == header ? FakeResponse.Json(200, "{}") : FakeResponse.Json(401, "{}", ("WWW-Authenticate", "Basic realm=\"x\"")));
    }

    private void Helper(string name, string script = FakeHelper)
    {
        var bin = Directory.CreateDirectory(Path.Join(_folder.Path, "bin")).FullName;
        ShellProgram.Write(Path.Join(bin, "docker-credential-" + name), script);

        _path = bin + ":/usr/bin:/bin";
    }

    private ClientEnvironment Surroundings() => new()
    {
        Variables = new Dictionary<string, string> { ["PATH"] = _path, ["HOME"] = _folder.Path, ["DOCKER_CONFIG"] = _folder.Path },
        HomeDirectory = _folder.Path,
        IsWindows = OperatingSystem.IsWindows(),
    };

    private RegistryLogins Logins() => new(Surroundings());

    private Task<(RegistryLogin Login, IReadOnlyList<string> Warnings)> ConnectAsync(string registry, bool toFile, string password = Secret)
    {
        var trust = new RegistryTrust { CaFiles = registry.StartsWith("127.", StringComparison.Ordinal) ? [] : [TestEngines.Certificate("ca")] };
        return Logins().ConnectAsync(Logins().Plan(registry, "user", toFile), password, trust, _log.Add, Token);
    }

    private string Auth(string registry)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(ConfigFile));
        return Encoding.UTF8.GetString(json.RootElement.GetProperty("auths").GetProperty(registry).GetProperty("auth").GetBytesFromBase64());
    }
}
