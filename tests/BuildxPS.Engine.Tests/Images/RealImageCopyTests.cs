using System.Security.Cryptography;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

[Collection(AloneCollection.Name)]
public sealed class RealImageCopyTests
{
    [Fact]
    public async Task An_image_goes_from_registry_to_registry_with_any_login_and_stays_the_same()
    {
        var name = $"copies/{Guid.NewGuid():N}:1";
        var plain = TestEngines.Registry("plain");
        using var client = Client();
        var first = await CopyAsync(client, $"{plain}/base", $"{TestEngines.Registry("https")}/{name}");
        var second = await CopyAsync(client, $"{TestEngines.Registry("https")}/{name}", $"{TestEngines.Registry("token")}/{name}");
        var third = await CopyAsync(client, $"{TestEngines.Registry("token")}/{name}", $"{plain}/{name}");
        var original = await TestClients.InspectAsync($"{plain}/base");
        Assert.All(new[] { first, second, third }, copy => Assert.Equal(original.Digest, copy.Digest));
        Assert.Equal(original.RawBytes.ToArray(), (await TestClients.InspectAsync($"{plain}/{name}")).RawBytes.ToArray());
    }

    [Fact]
    public async Task A_large_layer_goes_through_little_memory()
    {
        var layer = RandomNumberGenerator.GetBytes(48 << 20);
        var (from, to) = ($"{TestEngines.Registry("plain")}/copies/{Guid.NewGuid():N}:1", $"{TestEngines.Registry("token")}/copies/{Guid.NewGuid():N}:1");
        using var client = Client();
        var source = ImageReference.Parse(from);
        foreach (var bytes in new[] { layer, "{}"u8.ToArray() })
        {
            await client.PushBlobAsync(
                source, FakeStore.Describe(bytes), new BlobSource { OpenAsync = (offset, _) => Task.FromResult<Stream>(new MemoryStream(bytes, (int)offset, bytes.Length - (int)offset)) }, TestContext.Current.CancellationToken);
        }

        var (blob, config) = (FakeStore.Describe(layer), FakeStore.Describe("{}"u8.ToArray()));
        await client.PutManifestAsync(source, FakeStore.Manifest, System.Text.Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{FakeStore.Manifest}}","config":{"mediaType":"{{FakeStore.Config}}","digest":"{{config.Digest}}","size":2},"layers":[{"mediaType":"{{FakeStore.Layer}}","digest":"{{blob.Digest}}","size":{{blob.Size}}}]}"""), TestContext.Current.CancellationToken);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        await CopyAsync(client, from, to);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, layer.Length / 3);
        Assert.True(await client.HasBlobAsync(ImageReference.Parse(to), blob, TestContext.Current.CancellationToken));
    }

    private static async Task<ImageDocument> CopyAsync(RegistryClient client, string from, string to)
    {
        using var source = await new ImageCopier(client).OpenAsync(ImageLocation.Parse(from, p => p), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await source.PlanAsync(ImageLocation.Parse(to, p => p), TestContext.Current.CancellationToken);
        await foreach (var _ in copy.RunAsync(TestContext.Current.CancellationToken))
        {
        }

        return copy.Result;
    }

    private static RegistryClient Client() => TestClients.Create(
        new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] },
        new FixedCredentials(Login("https"), Login("token")));

    private static (string Host, Engine.Engines.RegistryCredential Credential) Login(string registry) => (
        TestEngines.Registry(registry),
        new Engine.Engines.RegistryCredential { Username = TestEngines.User(registry).Name, Password = TestEngines.User(registry).Password, Source = "the test" });
}
