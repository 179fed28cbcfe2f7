using System.Text.Json.Nodes;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>Two fake registries, an image in the first, and copies of it.</summary>
public abstract class FakeCopies : IAsyncDisposable
{
    private protected FakeStore From { get; } = new();

    private protected FakeStore To { get; } = new();

    private protected RegistryClient Client { get; } = TestClients.Create();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await From.DisposeAsync();
        await To.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>An image for two platforms, with two layers of its own each.</summary>
    private protected Descriptor AddApp(bool withAttestation = false)
    {
        var amd = From.AddImage("app", null, "amd64", [1, 1], [1, 2]);
        var arm = From.AddImage("app", null, "arm64", [2, 2], [2, 3]);
        if (!withAttestation)
        {
            return From.AddIndex("app", "1", amd, arm);
        }

        Descriptor Attest(Descriptor image, byte[] statement) => From.AddImage("app", null, "amd64", statement) with
        {
            Annotations = new Dictionary<string, string> { ["vnd.docker.reference.type"] = "attestation-manifest", ["vnd.docker.reference.digest"] = image.Digest },
        };
        return From.AddManifest("app", "1", FakeStore.Index, new JsonObject
        {
            ["manifests"] = new JsonArray([.. new[] { amd, arm, Attest(amd, [3]), Attest(arm, [4]) }.Select(FakeStore.Json)]),
            ["annotations"] = new JsonObject { ["note"] = "kept" },
        });
    }

    private protected static ImageLocation Locate(string text) => ImageLocation.Parse(text, path => path);

    private protected async Task<ImageDocument> CopyAsync(string from, string to, string? platforms = null, bool withReferrers = true, int parallelism = 4)
    {
        var options = new CopyOptions { Platforms = platforms is null ? [] : [Platform.Parse(platforms)], WithReferrers = withReferrers, Parallelism = parallelism };
        using var source = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/{from}"), options, TestContext.Current.CancellationToken);
        var copy = await source.PlanAsync(Locate($"{To.Authority}/{to}"), TestContext.Current.CancellationToken);
        await RunAsync(copy);
        return copy.Result;
    }

    private protected static async Task RunAsync(ImageCopy copy)
    {
        await foreach (var _ in copy.RunAsync(TestContext.Current.CancellationToken))
        {
        }
    }
}
