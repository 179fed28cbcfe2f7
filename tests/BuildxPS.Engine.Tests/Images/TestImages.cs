using System.Globalization;
using System.Text;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>Small images of a test's own in a real registry, of every media type and in every spelling that tools write.</summary>
internal sealed class TestImages(ImageReference repository) : IDisposable
{
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    private readonly byte[] _layer = Encoding.UTF8.GetBytes(Guid.NewGuid().ToString());

    public RegistryClient Client { get; } = TestClients.Create();

    /// <summary>The repository; of a registry alone one that no other test has.</summary>
    public ImageReference Repository => repository;

    public static TestImages In(string registry) => new(ImageReference.Parse($"{registry}/test-{Guid.NewGuid():N}/app:latest"));

    public void Dispose() => Client.Dispose();

    public ImageReference Tag(string tag) => Repository with { Tag = tag };

    /// <summary>Pushes an image whose config has these members.</summary>
    public async Task<Descriptor> ImageAsync(string tag, string config, bool isDocker = false)
    {
        var (configType, layerType, type) = isDocker
            ? ("application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip", DockerManifest)
            : ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip", OciManifest);
        var blob = await BlobAsync(Encoding.UTF8.GetBytes($$"""{"test":"{{tag}}"{{(config.Length == 0 ? "" : ",")}}{{config}}}"""), configType);
        var layer = await BlobAsync(_layer, layerType);
        return await DocumentAsync(tag, type, $$"""{"schemaVersion":2,"mediaType":"{{type}}","config":{{Json(blob)}},"layers":[{{Json(layer)}}]}""");
    }

    /// <summary>Pushes a document as it is written.</summary>
    public Task<Descriptor> DocumentAsync(string tag, string mediaType, string json)
        => Client.PutManifestAsync(Tag(tag), mediaType, Encoding.UTF8.GetBytes(json), TestContext.Current.CancellationToken);

    /// <summary>Copies an image under the repository's own name; gives its digest.</summary>
    public async Task<string> CopyAsync(ImageReference source)
    {
        var token = TestContext.Current.CancellationToken;
        using var image = await new ImageCopier(Client).OpenAsync(new ImageLocation { Reference = source }, new CopyOptions(), token);
        var copy = await image.PlanAsync(new ImageLocation { Reference = Repository }, token);
        await foreach (var _ in copy.RunAsync(token))
        {
        }

        return copy.Result.Digest;
    }

    /// <summary>Attaches an artifact to an image; gives its digest.</summary>
    public async Task<string> AttachAsync(string subject, string artifactType, string note)
    {
        var token = TestContext.Current.CancellationToken;
        var image = await Client.ResolveAsync(Repository with { Tag = null, Digest = subject }, token);
        var empty = await BlobAsync("{}"u8.ToArray(), "application/vnd.oci.empty.v1+json");
        var bytes = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"{{{OciManifest}}}","artifactType":"{{{artifactType}}}","config":{{{Json(empty)}}},"layers":[{{{Json(empty)}}}],"subject":{{{Json(image)}}},"annotations":{"note":"{{{note}}}"}}
            """);
        var digest = Digests.Compute(bytes);
        var document = ManifestReader.Read(Repository with { Tag = null, Digest = digest }, bytes, OciManifest, digest);
        return (await Client.PutReferrerAsync(Repository, document, token)).Digest;
    }

    /// <summary>A descriptor in JSON, with more members at its end.</summary>
    public static string Json(Descriptor descriptor, string more = "")
        => string.Create(CultureInfo.InvariantCulture, $$"""{"mediaType":"{{descriptor.MediaType}}","digest":"{{descriptor.Digest}}","size":{{descriptor.Size}}{{(more.Length == 0 ? "" : ",")}}{{more}}}""");

    private async Task<Descriptor> BlobAsync(byte[] bytes, string mediaType)
    {
        var blob = new Descriptor { MediaType = mediaType, Digest = Digests.Compute(bytes), Size = bytes.Length };
        await Client.PushBlobAsync(Repository, blob, new BlobSource { OpenAsync = (offset, _) => Task.FromResult<Stream>(new MemoryStream(bytes[(int)offset..])) }, TestContext.Current.CancellationToken);
        return blob;
    }
}
