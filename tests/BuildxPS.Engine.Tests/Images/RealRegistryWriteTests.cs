using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class RealRegistryWriteTests
{
    private const string Manifest = "application/vnd.oci.image.manifest.v1+json";

    [Theory]
    [InlineData("plain")]
    [InlineData("https")]
    [InlineData("token")]
    public async Task A_blob_and_a_manifest_are_pushed_and_read_back(string registry)
    {
        using var client = Client(registry, []);
        var repository = Repository(registry, "written");
        var layer = RandomNumberGenerator.GetBytes(3_000_000);
        var config = Encoding.UTF8.GetBytes($$"""{"os":"linux","architecture":"amd64","created":"{{DateTimeOffset.UtcNow:O}}"}""");
        Assert.Equal(BlobArrival.Sent, await PushAsync(client, repository, layer));
        Assert.Equal(BlobArrival.Present, await PushAsync(client, repository, layer));
        Assert.Equal(BlobArrival.Sent, await PushAsync(client, repository, config));
        Assert.False(await client.HasBlobAsync(repository, Describe("other"u8.ToArray()), TestContext.Current.CancellationToken));

        var bytes = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{Manifest}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{Describe(config).Digest}}","size":{{config.Length}}},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{Describe(layer).Digest}}","size":{{layer.Length}}}]}
            """);
        await client.PutManifestAsync(repository, Manifest, bytes, TestContext.Current.CancellationToken);
        var found = await client.GetManifestAsync(repository, TestContext.Current.CancellationToken);
        Assert.Equal(bytes, found.Bytes.ToArray());
        await using var blob = await client.OpenBlobAsync(repository, Describe(layer), TestContext.Current.CancellationToken);
        using var copy = new MemoryStream();
        await blob.CopyToAsync(copy, TestContext.Current.CancellationToken);
        Assert.Equal(layer, copy.ToArray());
        var tags = new List<string>();
        await foreach (var tag in client.ListTagsAsync(repository, TestContext.Current.CancellationToken))
        {
            tags.Add(tag);
        }

        Assert.Equal(["1"], tags);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("token")]
    public async Task A_blob_of_the_same_registry_is_mounted_and_does_not_travel(string registry)
    {
        var log = new List<string>();
        using var client = Client(registry, log);
        var layer = RandomNumberGenerator.GetBytes(100_000);
        var from = Repository(registry, "mount-from");
        await PushAsync(client, from, layer);
        log.Clear();
        var source = new BlobSource { OpenAsync = (_, _) => throw new InvalidOperationException("It is sent."), MountFrom = from };
        Assert.Equal(BlobArrival.Mounted, await client.PushBlobAsync(Repository(registry, "mount-to"), Describe(layer), source, TestContext.Current.CancellationToken));
        Assert.DoesNotContain(log, l => l.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_blob_in_pieces_is_the_same_blob()
    {
        var log = new List<string>();
        using var client = Client("plain", log, TestClients.Limits with { FirstChunk = 400_000 });
        var layer = RandomNumberGenerator.GetBytes(1_000_000);
        var repository = Repository("plain", "pieces");
        Assert.Equal(BlobArrival.Sent, await PushAsync(client, repository, layer));
        Assert.Equal(3, log.Count(l => l.StartsWith("PATCH", StringComparison.Ordinal)));
        await using var blob = await client.OpenBlobAsync(repository, Describe(layer), TestContext.Current.CancellationToken);
        await blob.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
    }

    private static RegistryClient Client(string registry, List<string> log, RegistryLimits? limits = null)
    {
        var credentials = registry == "plain" ? null : FixedCredentials.User(TestEngines.Registry(registry), TestEngines.User(registry).Name, TestEngines.User(registry).Password);
        return TestClients.Create(new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] }, credentials, line => { lock (log) { log.Add(line); } }, limits);
    }

    private static ImageReference Repository(string registry, string name)
        => ImageReference.Parse($"{TestEngines.Registry(registry)}/registry-tests/{name}-{Guid.NewGuid():N}:1");

    private static Descriptor Describe(byte[] bytes) => new()
    {
        MediaType = "application/octet-stream",
        Digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)),
        Size = bytes.Length,
    };

    private static BlobSource SourceOf(byte[] bytes)
        => new() { OpenAsync = (offset, _) => Task.FromResult<Stream>(new MemoryStream(bytes, (int)offset, bytes.Length - (int)offset)) };

    private static Task<BlobArrival> PushAsync(RegistryClient client, ImageReference repository, byte[] bytes)
        => client.PushBlobAsync(repository, Describe(bytes), SourceOf(bytes), TestContext.Current.CancellationToken);
}
