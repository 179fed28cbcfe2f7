using System.Diagnostics;
using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class RealRegistryTests
{
    private static readonly string[] s_platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64", "linux/s390x", "linux/ppc64le"];

    [Fact]
    public async Task An_index_on_a_loopback_registry_is_read_with_nothing_else_set()
    {
        var index = Assert.IsType<ImageIndex>(await TestClients.InspectAsync(TestEngines.Registry("plain") + "/library/alpine"));
        Assert.Equal("application/vnd.oci.image.index.v1+json", index.MediaType);
        Assert.Equal(s_platforms, index.Platforms.Select(p => p.ToString()));
        Assert.Equal(index.Size, index.RawBytes.Length);
        Assert.Equal(index.Digest, index.ToString());
    }

    [Fact]
    public async Task Bytes_and_digest_are_those_that_skopeo_sees()
    {
        var registry = TestEngines.Registry("plain");
        var index = await TestClients.InspectAsync(registry + "/library/alpine");
        var raw = await SkopeoAsync("inspect", "--raw", "--tls-verify=false", $"docker://{registry}/library/alpine");
        Assert.Equal(raw, index.RawBytes.ToArray());
        Assert.Equal("sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(raw)), index.Digest);
    }

    [Fact]
    public async Task An_image_by_digest_comes_with_its_config()
    {
        var registry = TestEngines.Registry("plain");
        var index = Assert.IsType<ImageIndex>(await TestClients.InspectAsync(registry + "/library/alpine"));
        var entry = index.Manifests.Single(m => m.Platform?.ToString() == "linux/arm/v7");

        var image = Assert.IsType<ImageManifest>(await TestClients.InspectAsync((index.DigestReference with { Digest = entry.Digest }).ToString()));
        Assert.Equal(entry.Digest, image.Digest);
        Assert.Equal(entry.Size, image.Size);
        Assert.Equal("linux/arm/v7", image.Platform?.ToString());
        Assert.NotEmpty(image.Layers);
        Assert.Equal(image.Layers.Count, image.Config!.DiffIds.Count);
    }

    [Fact]
    public async Task A_layer_is_streamed_and_checked()
    {
        using var client = TestClients.Create();
        var token = TestContext.Current.CancellationToken;
        var repository = ImageReference.Parse(TestEngines.Registry("plain") + "/library/alpine");
        var index = Assert.IsType<ImageIndex>(await new ImageInspector(client).InspectAsync(repository, token));
        var image = Assert.IsType<ImageManifest>(await new ImageInspector(client).InspectAsync(repository with { Tag = null, Digest = index.Manifests[0].Digest }, token));
        await using var blob = await client.OpenBlobAsync(repository, image.Layers[0], token);
        using var copy = new MemoryStream();
        await blob.CopyToAsync(copy, token);
        Assert.Equal(image.Layers[0].Size, copy.Length);
    }

    [Fact]
    public async Task A_reference_is_resolved_by_its_head_alone()
    {
        var requests = new List<string>();
        using var client = TestClients.Create(log: requests.Add);
        var reference = ImageReference.Parse(TestEngines.Registry("plain") + "/library/alpine");
        var found = await client.ResolveAsync(reference, TestContext.Current.CancellationToken);
        var index = await TestClients.InspectAsync(reference.ToString());
        Assert.Equal((index.Digest, index.Size, index.MediaType), (found.Digest, found.Size, found.MediaType));
        Assert.StartsWith("HEAD http://", Assert.Single(requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/library/alpine:no-such-tag", "MANIFEST_UNKNOWN")]
    [InlineData("/no/such/repository", "MANIFEST_UNKNOWN")]
    [InlineData("/library/alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000", "MANIFEST_UNKNOWN")]
    public async Task What_is_not_there_is_named_with_the_registrys_own_code(string reference, string code)
    {
        var error = await TestClients.FailAsync(TestEngines.Registry("plain") + reference);
        Assert.Equal(BuildxFailure.ImageNotFound, error.Failure);
        Assert.Contains(code, error.Message, StringComparison.Ordinal);
        Assert.Contains(reference, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Https_with_its_own_authority_and_a_password_works_when_both_are_given()
    {
        var (registry, login) = HttpsRegistry();
        var trust = new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] };
        var index = Assert.IsType<ImageIndex>(await TestClients.InspectAsync(registry + "/base", trust, login));
        Assert.Contains("linux/arm64", index.Platforms.Select(p => p.ToString()));
    }

    [Fact]
    public async Task An_authority_for_one_host_is_used_for_that_host_only()
    {
        var (registry, login) = HttpsRegistry();
        string[] files = [TestEngines.Certificate("ca")];
        await TestClients.InspectAsync(registry + "/base", new RegistryTrust { HostCaFiles = Map(registry, files) }, login);
        var error = await TestClients.FailAsync(registry + "/base", new RegistryTrust { HostCaFiles = Map("other.local", files) }, login);
        Assert.Equal(BuildxFailure.RegistryCertificateInvalid, error.Failure);
    }

    [Fact]
    public async Task An_unknown_authority_is_refused_and_the_option_named()
    {
        var (registry, login) = HttpsRegistry();
        var error = await TestClients.FailAsync(registry + "/base", credentials: login);
        Assert.Equal(BuildxFailure.RegistryCertificateInvalid, error.Failure);
        Assert.Contains("not trusted", error.Message, StringComparison.Ordinal);
        Assert.Contains("-RegistryCa", error.Advice, StringComparison.Ordinal);
        Assert.Contains("-SkipTlsVerify " + registry, error.Advice, StringComparison.Ordinal);
        Assert.Equal(0, login.Asked);
    }

    [Fact]
    public async Task A_certificate_is_not_checked_where_the_user_says_so()
    {
        var (registry, login) = HttpsRegistry();
        await TestClients.InspectAsync(registry + "/base", new RegistryTrust { SkipTlsVerifyHosts = [registry] }, login);
    }

    [Fact]
    public async Task Without_a_login_or_with_a_wrong_one_the_registry_and_the_login_are_named()
    {
        var registry = TestEngines.Registry("https");
        var trust = new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] };
        var none = await TestClients.FailAsync(registry + "/base", trust);
        Assert.Equal(BuildxFailure.RegistryUnauthorized, none.Failure);
        Assert.Contains("anonymous", none.Message, StringComparison.Ordinal);
        Assert.Contains($"Connect-BuildxRegistry {registry}", none.Advice, StringComparison.Ordinal);

        var wrong = await TestClients.FailAsync(registry + "/base", trust, FixedCredentials.User(registry, "user", "wr0ng-pass"));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, wrong.Failure);
        Assert.Contains("user 'user' from the test", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng-pass", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_fetched_anonymously_and_with_a_password_and_once_for_all_requests()
    {
        var registry = TestEngines.Registry("token");
        await TestClients.InspectAsync(registry + "/base");

        var (name, password) = TestEngines.User("token");
        var log = new List<string>();
        using var client = TestClients.Create(credentials: FixedCredentials.User(registry, name, password), log: log.Add);
        var inspector = new ImageInspector(client);
        for (var i = 0; i < 3; i++)
        {
            await inspector.InspectAsync(ImageReference.Parse(registry + "/base"), TestContext.Current.CancellationToken);
        }

        Assert.Single(log, l => l.StartsWith("GET", StringComparison.Ordinal) && l.Contains("/token: 200", StringComparison.Ordinal));
        Assert.DoesNotContain(log, l => l.Contains(password, StringComparison.Ordinal) || l.Contains("scope", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_docker_login_stored_is_used()
    {
        var registry = TestEngines.Registry("https");
        var (name, password) = TestEngines.User("https");
        var folder = Directory.CreateTempSubdirectory("buildxps-config-").FullName;
        var auth = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{name}:{password}"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "config.json"), $$$$"""{"auths":{"{{{{registry}}}}":{"auth":"{{{{auth}}}}"}}}""", TestContext.Current.CancellationToken);
        using var store = new CredentialStore(TestClients.Bare with { Variables = new Dictionary<string, string> { ["DOCKER_CONFIG"] = folder } });
        Assert.IsType<ImageIndex>(await TestClients.InspectAsync(registry + "/base", new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] }, store));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_password_that_the_token_service_refuses_is_said_with_its_words()
    {
        var registry = TestEngines.Registry("token");
        var error = await TestClients.FailAsync(registry + "/base", credentials: FixedCredentials.User(registry, "user", "wr0ng-pass"));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.Contains("gave no token to user 'user' from the test: 401", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng-pass", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_registry_behind_a_name_that_is_not_loopback_is_never_spoken_to_over_http()
    {
        // On Linux all of 127.0.0.0/8 is this machine; a host's own address stands for another machine.
        var address = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .FirstOrDefault(a => a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && !System.Net.IPAddress.IsLoopback(a));
        Assert.SkipWhen(address is null, "This machine has no address but loopback.");
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(200, "{}"), address: address);
        var error = await TestClients.FailAsync($"{fake.Authority}/a");
        Assert.Equal(BuildxFailure.RegistryPlainHttp, error.Failure);
        Assert.Contains($"-InsecureRegistry {fake.Authority}", error.Advice, StringComparison.Ordinal);
        Assert.Empty(fake.Requests);
    }

    private static (string Registry, FixedCredentials Login) HttpsRegistry()
    {
        var registry = TestEngines.Registry("https");
        var (name, password) = TestEngines.User("https");
        return (registry, FixedCredentials.User(registry, name, password));
    }

    private static Dictionary<string, IReadOnlyList<string>> Map(string host, string[] files) => new() { [host] = files };

    private static async Task<byte[]> SkopeoAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(TestEngines.Tool("skopeo"), arguments) { RedirectStandardOutput = true };
        start.Environment["LD_LIBRARY_PATH"] = TestEngines.Tool("libraryPath");
        using var process = Process.Start(start)!;
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output, TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }
}
