using System.Security.Cryptography.X509Certificates;
using System.Text;
using BuildxPS.Engine.Builders.Configuration;
using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class FakeMirrorTests
{
    [Fact]
    public async Task A_mirror_is_asked_first_and_told_for_whom()
    {
        await using var mirror = new FakeStore();
        await using var registry = new FakeStore();
        var image = mirror.AddImage("cache/app", "1", "amd64", [1, 2, 3]);
        var found = await InspectAsync(registry, $"{mirror.Authority}/cache");
        Assert.Equal(image.Digest, found.Digest);
        Assert.Empty(registry.Fake.Requests);
        Assert.All(mirror.Fake.Requests, r => Assert.Equal(registry.Authority, r.Query("ns")));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(401)]
    [InlineData(503)]
    public async Task What_a_mirror_does_not_give_the_registry_does(int status)
    {
        await using var mirror = new FakeStore { Before = _ => FakeResponse.Json(status, "{}") };
        await using var registry = new FakeStore();
        var image = registry.AddImage("app", "1", "amd64", [1, 2, 3]);
        Assert.Equal(image.Digest, (await InspectAsync(registry, mirror.Authority)).Digest);
    }

    [Fact]
    public async Task A_mirror_with_forged_bytes_is_passed_over()
    {
        await using var mirror = new FakeStore();
        await using var registry = new FakeStore();
        var image = registry.AddImage("app", null, "amd64", [1, 2, 3]);
        mirror.Before = _ => FakeResponse.Document(FakeStore.Manifest, "{}"u8.ToArray());
        using var client = TestClients.Create(TrustIn(registry, mirror.Authority));
        var found = await new ImageInspector(client).InspectAsync(ImageReference.Parse($"{registry.Authority}/app@{image.Digest}"), TestContext.Current.CancellationToken);
        Assert.Equal(image.Digest, found.Digest);
    }

    [Fact]
    public async Task A_mirror_with_forged_configs_is_passed_over()
    {
        await using var mirror = new FakeStore();
        await using var registry = new FakeStore();
        registry.AddImage("app", "1", "arm64", [1, 2, 3]);
        mirror.Before = r => r.Path.Contains("/blobs/", StringComparison.Ordinal) ? new FakeResponse { Body = new byte[35] } : null;
        var found = Assert.IsType<ImageManifest>(await InspectAsync(registry, mirror.Authority));
        Assert.Equal("linux/arm64", found.Platform?.ToString());
        Assert.NotEmpty(mirror.Sent("GET", "/blobs/"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_layer_that_a_mirror_does_not_give_to_its_end_goes_on_at_the_registry(bool stalls)
    {
        await using var mirror = new FakeStore();
        await using var registry = new FakeStore();
        var layer = System.Security.Cryptography.RandomNumberGenerator.GetBytes(300_000);
        var blob = registry.AddBlob("app", layer);
        mirror.Before = _ => new FakeResponse
        {
            Headers = new() { ["Content-Length"] = "300000" },
            Body = layer[..100_000],
            Stream = (_, token) => stalls ? Task.Delay(Timeout.Infinite, token) : Task.CompletedTask,
        };
        using var client = TestClients.Create(TrustIn(registry, mirror.Authority), limits: TestClients.Limits with { Idle = TimeSpan.FromSeconds(8) });
        using var copy = new MemoryStream();
        await using var stream = await client.OpenBlobAsync(ImageReference.Parse($"{registry.Authority}/app"), blob, TestContext.Current.CancellationToken);
        await stream.CopyToAsync(copy, TestContext.Current.CancellationToken);
        Assert.Equal(layer, copy.ToArray());
        Assert.Single(mirror.Fake.Requests);
        Assert.Equal("bytes=100000-", Assert.Single(registry.Fake.Requests).Headers["Range"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_of_a_layer_that_a_mirror_has_wrongly_takes_the_registrys(bool toFolder)
    {
        await using var mirror = new FakeStore();
        await using var registry = new FakeStore();
        await using var to = new FakeStore();
        using var folder = new TemporaryFolder();
        byte[] layer = [.. Enumerable.Repeat((byte)7, 1000)];
        var image = registry.AddImage("app", "1", "amd64", layer);
        var digest = FakeStore.DigestOf(layer);
        mirror.Before = r => r.Path.EndsWith(digest, StringComparison.Ordinal) ? new FakeResponse { Body = new byte[1000] } : null;
        using var client = TestClients.Create(TrustIn(registry, mirror.Authority));
        using var source = await new ImageCopier(client).OpenAsync(ImageLocation.Parse($"{registry.Authority}/app:1", path => path), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await source.PlanAsync(
            ImageLocation.Parse(toFolder ? $"oci-layout://{folder.Path}/to:1" : $"{to.Authority}/app:1", path => path), TestContext.Current.CancellationToken);
        await foreach (var _ in copy.RunAsync(TestContext.Current.CancellationToken))
        {
        }

        Assert.Equal(image.Digest, copy.Result.Digest);
        Assert.Equal(layer, toFolder ? await File.ReadAllBytesAsync(Path.Combine(folder.Path, "to", "blobs", "sha256", digest[7..]), TestContext.Current.CancellationToken) : to.Blobs[$"app@{digest}"]);
        Assert.Single(mirror.Sent("GET", digest));
        Assert.Single(registry.Sent("GET", digest));
    }

    [Fact]
    public async Task A_layer_that_mirror_and_registry_have_wrongly_is_a_failure()
    {
        await using var mirror = new FakeStore();
        await using var registry = new FakeStore();
        await using var to = new FakeStore();
        registry.AddImage("app", "1", "amd64", [1, 2, 3]);
        FakeResponse? Forge(FakeRequest r) => r.Path.EndsWith(FakeStore.DigestOf([1, 2, 3]), StringComparison.Ordinal) ? new FakeResponse { Body = [3, 2, 1] } : null;
        (mirror.Before, registry.Before) = (Forge, Forge);
        using var client = TestClients.Create(TrustIn(registry, mirror.Authority));
        using var source = await new ImageCopier(client).OpenAsync(ImageLocation.Parse($"{registry.Authority}/app:1", path => path), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await source.PlanAsync(ImageLocation.Parse($"{to.Authority}/app:1", path => path), TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(async () =>
        {
            await foreach (var _ in copy.RunAsync(TestContext.Current.CancellationToken))
            {
            }
        });
        Assert.Equal((BuildxFailure.DigestMismatch, false), (error.Failure, error.IsTransient));
        Assert.Empty(to.Manifests);
    }

    [Fact]
    public async Task A_mirror_that_is_not_there_is_asked_once_and_nothing_is_written_to_one()
    {
        await using var registry = new FakeStore();
        registry.AddImage("app", "1", "amd64", [1, 2, 3]);
        var log = new List<string>();
        using var client = TestClients.Create(TrustIn(registry, "127.0.0.1:1"), log: log.Add);
        var reference = ImageReference.Parse($"{registry.Authority}/app:1");
        for (var i = 0; i < 3; i++)
        {
            await new ImageInspector(client).InspectAsync(reference, TestContext.Current.CancellationToken);
        }

        Assert.Single(log, l => l.StartsWith("The mirror 127.0.0.1:1", StringComparison.Ordinal));
        var blob = new byte[] { 7 };
        await client.PushBlobAsync(reference, FakeStore.Describe(blob), new BlobSource { OpenAsync = (_, _) => Task.FromResult<Stream>(new MemoryStream(blob)) }, TestContext.Current.CancellationToken);
        Assert.Contains($"app@{FakeStore.DigestOf(blob)}", registry.Blobs.Keys);
    }

    [Fact]
    public void A_builders_config_says_which_mirrors_and_certificates_it_uses()
    {
        var trust = ConfiguredTrust.Read(new Dictionary<string, byte[]>
        {
            ["buildkitd.toml"] = """
                [registry."docker.io"]
                mirrors = ["mirror.local:5000", "mirror.local/hub", "not a host"]
                [registry."secure.local"]
                [[registry."secure.local".keypair]]
                key = "/etc/buildkit/certs/secure.local/key.pem"
                cert = "/etc/buildkit/certs/secure.local/cert.pem"
                """u8.ToArray(),
            ["certs/secure.local/key.pem"] = "KEY"u8.ToArray(),
            ["certs/secure.local/cert.pem"] = "CERT"u8.ToArray(),
        });
        Assert.Equal(["mirror.local:5000", "mirror.local/hub"], trust.Mirrors["docker.io"]);
        var certificate = Assert.Single(trust.HostCertificates["secure.local"]);
        Assert.Equal("CERT\nKEY", certificate.Pem);
        Assert.DoesNotContain("KEY", certificate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_shown_to_its_registry_and_to_no_other()
    {
        using var certificate = FakeCertificates.Create();
        using var folder = new TemporaryFolder();
        var (cert, key) = WriteOwn(folder, "own");
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(FakeStore.Index, Encoding.UTF8.GetBytes("""{"schemaVersion":2,"manifests":[]}""")), certificate) { ClientCertificates = new() };
        await using var other = new FakeRegistry(_ => FakeResponse.Document(FakeStore.Index, Encoding.UTF8.GetBytes("""{"schemaVersion":2,"manifests":[]}""")), certificate);
        var trust = new RegistryTrust
        {
            SkipTlsVerifyHosts = [fake.Authority, other.Authority],
            HostCertificates = new Dictionary<string, IReadOnlyList<ClientCertificate>> { [fake.Authority] = [new ClientCertificate { CertificateFile = cert, KeyFile = key }] },
        };
        await TestClients.InspectAsync($"{fake.Authority}/a", trust);
        Assert.Equal("CN=fake registry", Assert.Single(fake.ClientCertificates.Distinct()));
        await TestClients.InspectAsync($"{other.Authority}/a", trust);

        var without = await TestClients.FailAsync($"{fake.Authority}/a", trust with { HostCertificates = new Dictionary<string, IReadOnlyList<ClientCertificate>>() });
        Assert.Equal(BuildxFailure.RegistryUnreachable, without.Failure);
    }

    [Fact]
    public async Task What_docker_keeps_in_its_folder_of_certificates_is_used()
    {
        using var certificate = FakeCertificates.Create();
        using var folder = new TemporaryFolder();
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(FakeStore.Index, Encoding.UTF8.GetBytes("""{"schemaVersion":2,"manifests":[]}""")), certificate) { ClientCertificates = new() };
        var certs = Directory.CreateDirectory(Path.Combine(folder.Path, ".docker", "certs.d", fake.Authority)).FullName;
        await File.WriteAllTextAsync(Path.Combine(certs, "ca.crt"), certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        using var client = new RegistryClient(new RegistryClientOptions
        {
            Environment = TestClients.Bare with { HomeDirectory = folder.Path },
            Limits = TestClients.Limits,
        });
        var reference = ImageReference.Parse($"{fake.Authority}/a");
        await Assert.ThrowsAnyAsync<BuildxException>(() => new ImageInspector(client).InspectAsync(reference, TestContext.Current.CancellationToken));

        var (cert, key) = WriteOwn(folder, "client");
        File.Move(cert, Path.Combine(certs, "client.cert"));
        File.Move(key, Path.Combine(certs, "client.key"));
        using var again = new RegistryClient(new RegistryClientOptions
        {
            Environment = TestClients.Bare with { HomeDirectory = folder.Path },
            Limits = TestClients.Limits,
        });
        await new ImageInspector(again).InspectAsync(reference, TestContext.Current.CancellationToken);

        File.Delete(Path.Combine(certs, "client.key"));
        using var broken = new RegistryClient(new RegistryClientOptions
        {
            Environment = TestClients.Bare with { HomeDirectory = folder.Path },
            Limits = TestClients.Limits,
        });
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => new ImageInspector(broken).InspectAsync(reference, TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.ConfigurationInvalid, error.Failure);
        Assert.Contains("client.cert", error.Message, StringComparison.Ordinal);
    }

    private static (string Certificate, string Key) WriteOwn(TemporaryFolder folder, string name)
    {
        using var own = X509CertificateLoader.LoadPkcs12(FakeCertificates.Create().Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
        using var key = own.GetECDsaPrivateKey()!;
        return (folder.Write($"{name}.pem", own.ExportCertificatePem()), folder.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()));
    }

    private static RegistryTrust TrustIn(FakeStore registry, string mirror)
        => new() { Mirrors = new Dictionary<string, IReadOnlyList<string>> { [registry.Authority] = [mirror] } };

    private static async Task<ImageDocument> InspectAsync(FakeStore registry, string mirror)
    {
        using var client = TestClients.Create(TrustIn(registry, mirror));
        return await new ImageInspector(client).InspectAsync(ImageReference.Parse($"{registry.Authority}/app:1"), TestContext.Current.CancellationToken);
    }
}
