using System.Globalization;
using System.Text;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class HostileRegistryTests
{
    private const string Index = "application/vnd.oci.image.index.v1+json";
    private const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    private static readonly byte[] s_index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{Index}}","manifests":[]}""");
    private static readonly byte[] s_config = """{"os":"linux","architecture":"amd64","created":"2024-01-02T03:04:05.123456789Z","config":{"Env":["A=1"],"Cmd":["sh"],"ExposedPorts":{"80/tcp":{}}}}"""u8.ToArray();

    [Theory]
    [InlineData("latest", "sha256:0000000000000000000000000000000000000000000000000000000000000000", "states the digest sha256:0000")]
    [InlineData("@sha256:1111111111111111111111111111111111111111111111111111111111111111", null, "the bytes have the digest")]
    public async Task Bytes_with_another_digest_are_refused(string suffix, string? stated, string expected)
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(Index, s_index, stated));
        var error = await TestClients.FailAsync($"{fake.Authority}/a{(suffix[0] == '@' ? "" : ":")}{suffix}");
        Assert.Equal(BuildxFailure.DigestMismatch, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"schemaVersion":2,"manifests":[],"manifests":[{}]}""", "malformed")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"Manifests":[]}""", "in another case")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}""", "an index and a manifest at once")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}""", "calls itself")]
    [InlineData("""{"schemaVersion":2,"config":{}}""", "does not fit its media type")]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:zz","size":1}]}""", "'sha256:zz' is not a digest")]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":-1}]}""", "'manifests[0].size' is not a size")]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":1,"platform":{"os":"\u001b[2J","architecture":"x"}}]}""", "a platform has a character")]
    [InlineData("""{"schemaVersion":2,"manifests":"none"}""", "'manifests' is a String")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""<html>""", "malformed")]
    [InlineData("", "malformed")]
    public async Task Documents_that_are_malformed_or_ambiguous_are_refused(string json, string expected)
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(Index, Encoding.UTF8.GetBytes(json)));
        var error = await TestClients.FailAsync($"{fake.Authority}/a");
        Assert.Equal(BuildxFailure.ImageInvalid, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', error.Message);
    }

    [Fact]
    public async Task Json_of_endless_depth_is_refused()
    {
        var deep = """{"schemaVersion":2,"manifests":""" + new string('[', 100_000) + new string(']', 100_000) + "}";
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(Index, Encoding.UTF8.GetBytes(deep)));
        Assert.Equal(BuildxFailure.ImageInvalid, (await TestClients.FailAsync($"{fake.Authority}/a")).Failure);
    }

    [Theory]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws", """{"schemaVersion":1}""", "schema 1")]
    [InlineData("application/json", """{"schemaVersion":1,"fsLayers":[]}""", "schema 1")]
    [InlineData("application/vnd.example.thing", """{"schemaVersion":2}""", "OCI indexes")]
    [InlineData("text/plain", """{"schemaVersion":2}""", "OCI indexes")]
    public async Task A_media_type_that_is_not_supported_is_named(string mediaType, string json, string advice)
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(mediaType, Encoding.UTF8.GetBytes(json)));
        var error = await TestClients.FailAsync($"{fake.Authority}/a");
        Assert.Equal(BuildxFailure.MediaTypeUnsupported, error.Failure);
        Assert.Contains(advice, error.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain; charset=utf-8")]
    [InlineData(Index + "; charset=utf-8")]
    public async Task A_general_content_type_is_made_up_for_by_the_document(string contentType)
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(contentType, s_index));
        Assert.IsType<ImageIndex>(await TestClients.InspectAsync($"{fake.Authority}/a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_document_without_end_is_given_up_at_a_bound(bool statesLength)
    {
        await using var fake = new FakeRegistry(_ => new FakeResponse
        {
            Headers = new() { ["Content-Type"] = Index, [statesLength ? "Content-Length" : "X"] = "99999999999" },
            Stream = async (stream, token) =>
            {
                while (true)
                {
                    await stream.WriteAsync(new byte[64 * 1024], token);
                }
            },
        });
        var error = await TestClients.FailAsync($"{fake.Authority}/a");
        Assert.Equal(BuildxFailure.ImageInvalid, error.Failure);
        Assert.Contains("larger than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_stalls_ends_in_time()
    {
        await using var fake = new FakeRegistry(_ => new FakeResponse
        {
            Headers = new() { ["Content-Type"] = Index, ["Content-Length"] = "100" },
            Stream = (_, token) => Task.Delay(Timeout.Infinite, token),
        });
        var error = await TestClients.FailAsync($"{fake.Authority}/a", limits: TestClients.Limits with { SmallBody = TimeSpan.FromMilliseconds(200) });
        Assert.Equal(BuildxFailure.TimedOut, error.Failure);
    }

    [Fact]
    public async Task A_registry_that_never_answers_ends_in_time()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var error = await TestClients.FailAsync($"{silent.LocalEndpoint}/a", limits: TestClients.Limits with { Answer = TimeSpan.FromMilliseconds(200) });
        Assert.Equal(BuildxFailure.TimedOut, error.Failure);
        Assert.Contains(silent.LocalEndpoint.ToString()!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cut_body_is_asked_for_again_a_few_times_and_said()
    {
        var log = new List<string>();
        var count = 0;
        await using var fake = new FakeRegistry(_ => Interlocked.Increment(ref count) <= 2
            ? new FakeResponse
            {
                Headers = new() { ["Content-Type"] = Index, ["Content-Length"] = "1000" },
                Body = s_index,
                Closes = true,
            }
            : FakeResponse.Document(Index, s_index));
        Assert.IsType<ImageIndex>(await TestClients.InspectAsync($"{fake.Authority}/a", log: log.Add));
        Assert.Equal(2, log.Count(l => l.Contains("Trying again", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_storm_of_refusals_is_bounded_and_transient(int status)
    {
        var log = new List<string>();
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(status, """{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}""", ("Retry-After", "0")));
        var error = await TestClients.FailAsync($"{fake.Authority}/a", log: log.Add);
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.True(error.IsTransient);
        Assert.Contains(status.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        Assert.Contains("TOOMANYREQUESTS: slow down", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, fake.Requests.Count);
        Assert.Contains(log, l => l.Contains("(3 of 3)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wait_that_is_too_long_is_not_waited_for_but_said()
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(429, "{}", ("Retry-After", "3600")));
        var error = await TestClients.FailAsync($"{fake.Authority}/a");
        Assert.Contains("wait 3600 seconds", error.Message, StringComparison.Ordinal);
        Assert.Single(fake.Requests);
    }

    [Fact]
    public async Task Nothing_that_listens_is_said_at_once()
    {
        using var closed = new ClosedPort();
        var error = await TestClients.FailAsync($"{closed.Authority}/a");
        Assert.Equal(BuildxFailure.RegistryUnreachable, error.Failure);
        Assert.Contains("refused", error.Message, StringComparison.Ordinal);
        Assert.Contains(closed.Authority, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_said_so()
    {
        var error = await TestClients.FailAsync("no-such-host.invalid/a");
        Assert.Equal(BuildxFailure.NameNotResolved, error.Failure);
        Assert.Contains("no-such-host.invalid", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loopback_registry_that_speaks_https_only_is_found_and_its_certificate_checked()
    {
        using var certificate = FakeCertificates.Create();
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(Index, s_index), certificate);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);

        Assert.IsType<ImageIndex>(await TestClients.InspectAsync($"{fake.Authority}/a", new RegistryTrust { CaFiles = [file] }));
        Assert.Equal(BuildxFailure.RegistryCertificateInvalid, (await TestClients.FailAsync($"{fake.Authority}/a")).Failure);
        File.Delete(file);
    }

    [Theory]
    [InlineData("other.example", 10, "another host name")]
    [InlineData("127.0.0.1", -1, "valid from")]
    public async Task A_certificate_for_another_name_or_time_is_refused_though_its_authority_is_trusted(string host, int days, string expected)
    {
        using var certificate = FakeCertificates.Create(host, DateTimeOffset.UtcNow.AddDays(days));
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(Index, s_index), certificate);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        var error = await TestClients.FailAsync($"{fake.Authority}/a", new RegistryTrust { CaFiles = [file] });
        Assert.Equal(BuildxFailure.RegistryCertificateInvalid, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task An_insecure_registry_that_speaks_https_is_said_so()
    {
        await using var fake = new FakeRegistry(_ => new FakeResponse { Status = 400, Body = "Client sent an HTTP request to an HTTPS server."u8.ToArray() });
        var error = await TestClients.FailAsync($"{fake.Authority}/a", new RegistryTrust { InsecureHosts = [fake.Authority] });
        Assert.Contains("speaks https", error.Message, StringComparison.Ordinal);
        Assert.Contains("-InsecureRegistry", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_blob_that_is_short_long_or_other_is_refused_at_its_end()
    {
        var good = "0123456789"u8.ToArray();
        var descriptor = new Descriptor { MediaType = "x", Size = 10, Digest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(good)) };
        foreach (var (body, expected) in new[] { ("01234567", "only 8"), ("01234567890", "more than 10"), ("0123456780", "another digest"), ("0123456789", "") })
        {
            await using var fake = new FakeRegistry(_ => new FakeResponse { Body = Encoding.UTF8.GetBytes(body) });
            using var client = TestClients.Create();
            await using var blob = await client.OpenBlobAsync(ImageReference.Parse($"{fake.Authority}/a"), descriptor, TestContext.Current.CancellationToken);
            var reading = blob.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
            if (expected.Length == 0)
            {
                await reading;
                continue;
            }

            var error = await Assert.ThrowsAsync<BuildxException>(() => reading);
            Assert.Equal(BuildxFailure.DigestMismatch, error.Failure);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_config_is_read_and_one_that_is_not_the_promised_one_is_refused()
    {
        var digest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(s_config));
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{Manifest}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{digest}}","size":{{s_config.Length}}},"layers":[]}""");
        var isForged = false;
        await using var fake = new FakeRegistry(r => r.Path.Contains("/blobs/", StringComparison.Ordinal)
            ? new FakeResponse { Body = isForged ? [.. s_config[..^1], (byte)' '] : s_config }
            : FakeResponse.Document(Manifest, manifest));
        var config = Assert.IsType<ImageManifest>(await TestClients.InspectAsync($"{fake.Authority}/a")).Config!;
        Assert.Equal("linux/amd64", config.Platform?.ToString());
        Assert.Equal("A=1", Assert.Single(config.Env));
        Assert.Equal("80/tcp", Assert.Single(config.ExposedPorts));
        Assert.Equal(2024, config.Created?.Year);

        isForged = true;
        Assert.Equal(BuildxFailure.DigestMismatch, (await TestClients.FailAsync($"{fake.Authority}/a")).Failure);
    }

    [Fact]
    public async Task A_config_that_claims_a_huge_size_is_not_fetched()
    {
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{{new string('0', 64)}}","size":9000000000},"layers":[]}""");
        await using var fake = new FakeRegistry(_ => FakeResponse.Document(Manifest, manifest));
        Assert.Equal(BuildxFailure.ImageInvalid, (await TestClients.FailAsync($"{fake.Authority}/a")).Failure);
        Assert.Single(fake.Requests);
    }
}
