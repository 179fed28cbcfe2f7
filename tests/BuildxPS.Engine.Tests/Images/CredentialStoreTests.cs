using System.Text;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class CredentialStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("buildxps-logins-").FullName;
    private readonly Dictionary<string, string> _variables = new() { ["PATH"] = "" };
    private TimeSpan _helperTimeout = TimeSpan.FromSeconds(30);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("registry.local:5000", "registry.local:5000")]
    [InlineData("https://registry.local/v2/", "registry.local")]
    [InlineData("http://registry.local:5000", "registry.local:5000")]
    [InlineData("https://index.docker.io/v1/", "registry-1.docker.io")]
    [InlineData("https://index.docker.io/v1/", "docker.io")]
    [InlineData("https://index.docker.io/v1/", "dhi.io")]
    public async Task A_login_is_found_by_its_key_or_its_host(string key, string host)
    {
        Config($$$$"""{"auths":{"other.local":{"auth":"{{{{Auth("x", "y")}}}}"},"{{{{key}}}}":{"auth":"{{{{Auth("user", "pa:ss")}}}}"}}}""");
        var login = await FindAsync(host);
        Assert.Equal(("user", "pa:ss"), (login?.Username, login?.Password));
        Assert.DoesNotContain("pa:ss", login!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"auths":{"other.local":{"auth":"eDp5"}}}""")]
    [InlineData("""{"auths":{"registry.local":{}}}""")]
    [InlineData("""{"auths":null}""")]
    [InlineData("""{}""")]
    [InlineData(null)]
    public async Task Without_a_login_the_answer_is_none(string? json)
    {
        if (json is not null)
        {
            Config(json);
        }

        Assert.Null(await FindAsync("registry.local"));
    }

    [Fact]
    public async Task Tokens_are_read()
    {
        Config("""{"auths":{"a":{"identitytoken":"id-t0ken"},"b":{"registrytoken":"reg-t0ken"}}}""");
        Assert.Equal("id-t0ken", (await FindAsync("a"))?.IdentityToken);
        Assert.Equal("reg-t0ken", (await FindAsync("b"))?.RegistryToken);
    }

    [Fact]
    public async Task The_variable_beats_the_file_for_the_hosts_that_it_names()
    {
        Config($$$$"""{"auths":{"a":{"auth":"{{{{Auth("file", "1")}}}}"},"b":{"auth":"{{{{Auth("file", "1")}}}}"}}}""");
        _variables["DOCKER_AUTH_CONFIG"] = $$$$"""{"auths":{"a":{"auth":"{{{{Auth("variable", "2")}}}}"}}}""";
        Assert.Equal("variable", (await FindAsync("a"))?.Username);
        Assert.Equal("file", (await FindAsync("b"))?.Username);
    }

    [Theory]
    [InlineData("s3cret")]
    [InlineData("""{"auths":{"a":{"auth":"s3cret"}},"credsStore":"x"}""")]
    [InlineData("""{"auths":{"a":{"password":"s3cret"}}}""")]
    [InlineData("""{"auths":{"a":{"auth":""}}}""")]
    [InlineData("""{"auths":{"a":{"auth":"s3cret!"}}}""")]
    public async Task A_variable_that_is_malformed_is_an_error_that_keeps_its_value(string value)
    {
        _variables["DOCKER_AUTH_CONFIG"] = value;
        var error = await Assert.ThrowsAsync<BuildxException>(() => FindAsync("a"));
        Assert.Equal(BuildxFailure.ConfigurationInvalid, error.Failure);
        Assert.Contains("DOCKER_AUTH_CONFIG", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"auths":{"a":{"auth":"s3cret!"}}}""")]
    [InlineData("""{"auths":{"a":{"auth":"czNjcmV0"}}}""")]
    [InlineData("""{"auths":{"a":{"auth":s3cret}}}""")]
    [InlineData("""{"auths":["s3cret"]}""")]
    [InlineData("""{"credsStore":"../s3cret"}""")]
    [InlineData("""{"credHelpers":{"a":"-x/y"}}""")]
    public async Task A_file_that_is_malformed_is_an_error_that_names_it_and_no_secret(string json)
    {
        Config(json);
        var error = await Assert.ThrowsAsync<BuildxException>(() => FindAsync("a"));
        Assert.Equal(BuildxFailure.ConfigurationInvalid, error.Failure);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("auth\":\"s3cret", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("repository:team/app:pull", "repo-pull")]
    [InlineData("repository:team/app:pull,push", "repo-push")]
    [InlineData("repository:other:pull", "host")]
    [InlineData("repository:team/app:pull repository:other:pull", "file")]
    [InlineData("", "file")]
    public async Task Buildxs_own_files_for_one_repository_or_right_come_first(string scope, string expected)
    {
        Config($$$$"""{"auths":{"reg.local":{"auth":"{{{{Auth("file", "1")}}}}"}}}""");
        Scoped("reg.local", "host");
        Scoped("reg.local/team/app", "repo-pull");
        Scoped("reg.local/team/app@pull,push", "repo-push");
        Assert.Equal(expected, (await FindAsync("reg.local", scope.Length == 0 ? [] : [scope]))?.Username);
    }

    [Fact]
    public async Task A_helper_is_asked_with_the_key_and_its_answer_kept()
    {
        Helper("good", """read -r key; echo "$key" >> "$HOME/asked"; echo '{"ServerURL":"'"$key"'","Username":"user","Secret":"s3cret"}'""");
        Config("""{"credsStore":"good","auths":{"reg.local":{}}}""");
        using var store = Store();
        for (var i = 0; i < 3; i++)
        {
            var login = await store.GetAsync("reg.local", [], TestContext.Current.CancellationToken);
            Assert.Equal(("user", "s3cret", "docker-credential-good"), (login?.Username, login?.Password, login?.Source));
        }

        Assert.Equal("reg.local\n", await File.ReadAllTextAsync(Path.Combine(_folder, "asked"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_registrys_own_helper_beats_the_one_for_all_and_an_identity_token_is_one()
    {
        Helper("one", """echo '{"Username":"<token>","Secret":"id-t0ken"}'""");
        Helper("all", """echo '{"Username":"all","Secret":"x"}'""");
        Config("""{"credsStore":"all","credHelpers":{"reg.local":"one"}}""");
        var login = await FindAsync("reg.local");
        Assert.Equal(("", "id-t0ken"), (login?.Username, login?.IdentityToken));
        Assert.Equal("all", (await FindAsync("other.local"))?.Username);
    }

    [Fact]
    public async Task A_helper_without_a_login_means_anonymous()
    {
        Helper("none", "echo 'credentials not found in native keychain'; exit 1");
        Config("""{"credsStore":"none"}""");
        Assert.Null(await FindAsync("reg.local"));
    }

    [Theory]
    [InlineData("sleep 60", "no answer in")]
    [InlineData("exec 0<&-; (sleep 60) & echo hi", "no answer in")]
    [InlineData("cat /dev/zero", "printed more than")]
    [InlineData("cat /dev/zero >&2", "no answer in")]
    [InlineData("echo 's3cret'", "not a login")]
    [InlineData("echo '{\"Username\":1,\"Secret\":\"s3cret\"'", "not a login")]
    [InlineData("echo '{\"Secret\":\"s3cret\"}'; exit 3", "ended with code 3.")]
    [InlineData("echo 'the key ring is \u001b[31mlocked'; exit 1", "ended with code 1 (the key ring is locked)")]
    [InlineData("kill -9 $$", "ended with code 137")]
    public async Task A_helper_that_misbehaves_is_named_and_nothing_secret_said(string script, string expected)
    {
        _helperTimeout = expected == "no answer in" ? TimeSpan.FromSeconds(1) : _helperTimeout;
        Helper("bad", script);
        Config("""{"credsStore":"bad"}""");
        var error = await Assert.ThrowsAsync<BuildxException>(() => FindAsync("reg.local").WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(BuildxFailure.CredentialHelperFailed, error.Failure);
        Assert.Contains("docker-credential-bad", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_helper_that_is_not_there_is_named()
    {
        Config("""{"credsStore":"missing"}""");
        var error = await Assert.ThrowsAsync<BuildxException>(() => FindAsync("reg.local"));
        Assert.Equal(BuildxFailure.CredentialHelperFailed, error.Failure);
        Assert.Contains("docker-credential-missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_setting_the_systems_key_ring_is_asked_if_its_helper_is_there()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The name of the helper is Linux's.");
        Helper("secretservice", """echo '{"Username":"ring","Secret":"x"}'""");
        Assert.Equal("ring", (await FindAsync("reg.local"))?.Username);
    }

    private static string Auth(string user, string password) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    private void Config(string json) => File.WriteAllText(Path.Combine(_folder, "config.json"), json);

    private void Scoped(string key, string user)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "buildx", "config", key)).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), $$$$"""{"auths":{"reg.local":{"auth":"{{{{Auth(user, "1")}}}}"}}}""");
    }

    private void Helper(string name, string script)
    {
        var bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        ShellProgram.Write(Path.Combine(bin, "docker-credential-" + name), script);

        _variables["PATH"] = $"relative:{bin}:/usr/bin:/bin";
    }

    private CredentialStore Store()
    {
        _variables["DOCKER_CONFIG"] = _folder;
        _variables["HOME"] = _folder;
        return new CredentialStore(
            new ClientEnvironment { Variables = _variables, HomeDirectory = _folder, IsWindows = OperatingSystem.IsWindows() }, _helperTimeout);
    }

    private async Task<RegistryCredential?> FindAsync(string host, params string[] scopes)
    {
        using var store = Store();
        return await store.GetAsync(host, scopes, TestContext.Current.CancellationToken);
    }
}
