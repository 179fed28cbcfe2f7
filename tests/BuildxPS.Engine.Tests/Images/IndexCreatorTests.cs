using System.Collections.Concurrent;
using System.Text;
using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Indexes;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class IndexCreatorTests
{
    private const string Amd64 = """ "os":"linux","architecture":"amd64" """;
    private const string Arm64 = """ "os":"linux","architecture":"arm64" """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Twelve_digests_under_five_tags_are_twelve_HEADs_and_five_PUTs_and_no_blob_FakeRegistry()
    {
        await using var fake = Registry();
        using var client = TestClients.Create();
        var repository = ImageReference.Parse(fake.Authority + "/app");
        var platforms = Enumerable.Range(0, 12).Select(i => Platform.Parse($"linux/{(i % 2 == 0 ? "amd64" : "arm64")}/v{i + 8}")).ToList();
        var request = new IndexRequest
        {
            Sources = [.. platforms.Select((p, i) => IndexSource.From(Described(i, p)))],
            Tags = [.. Enumerable.Range(1, 5).Select(i => repository with { Tag = $"t{i}" })],
        };
        var index = await CreateAsync(client, request);
        Assert.Equal(platforms, Assert.IsType<ImageIndex>(index).Platforms);
        Assert.Equal(
            [("HEAD", 12), ("PUT", 5)],
            fake.Requests.GroupBy(r => r.Method).Select(g => (g.Key, g.Count())).Order());
        Assert.Equal(["t1", "t2", "t3", "t4", "t5"], fake.Requests.Where(r => r.Method == "PUT").Select(r => r.Path.Split('/')[^1]).Order());
        Assert.DoesNotContain(fake.Requests, r => r.Path.Contains("/blobs/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_digest_that_is_not_there_changes_nothing_FakeRegistry()
    {
        await using var fake = Registry(missing: 7);
        using var client = TestClients.Create();
        var request = new IndexRequest
        {
            Sources = [.. Enumerable.Range(0, 12).Select(i => IndexSource.From(Described(i, Platform.Parse("linux/amd64"))))],
            Tags = [ImageReference.Parse(fake.Authority + "/app:1")],
        };
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CreateAsync(client, request));
        Assert.Equal(BuildxFailure.ImageNotFound, error.Failure);
        Assert.Contains(DigestOf(7), error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(fake.Requests, r => r.Method == "PUT");
    }

    [Fact]
    public async Task A_registry_that_takes_no_index_is_named_and_says_what_helps_FakeRegistry()
    {
        await using var fake = Registry(put: 415);
        using var client = TestClients.Create();
        var request = new IndexRequest { Sources = [IndexSource.From(Described(1, Platform.Parse("linux/amd64")))], Tags = [ImageReference.Parse(fake.Authority + "/app:1")] };
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CreateAsync(client, request));
        Assert.Equal(BuildxFailure.RegistryIndexRefused, error.Failure);
        Assert.Contains("415", error.Message, StringComparison.Ordinal);
        Assert.Contains("too old for indexes", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_said_of_a_digest_must_be_so_FakeRegistry()
    {
        await using var fake = Registry();
        using var client = TestClients.Create();
        var wrong = Described(1, Platform.Parse("linux/amd64")) with { Size = 4 };
        var request = new IndexRequest { Sources = [IndexSource.From(wrong)], Tags = [ImageReference.Parse(fake.Authority + "/app:1")] };
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => new IndexCreator(client).PrepareAsync(request, Token));
        Assert.Equal(BuildxFailure.DigestMismatch, error.Failure);
        Assert.Contains("4 bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Images_of_other_repositories_come_along_with_what_is_attached_to_them(bool isSameRegistry)
    {
        using var first = TestImages.In(TestEngines.Registry("plain"));
        using var second = TestImages.In(TestEngines.Registry("plain"));
        var amd64 = await first.ImageAsync("amd64", Amd64);
        await first.DocumentAsync("index", TestImages.OciIndex, $$"""{"schemaVersion":2,"mediaType":"{{TestImages.OciIndex}}","manifests":[{{TestImages.Json(amd64, """ "platform":{"os":"linux","architecture":"amd64"}""")}}]}""");
        await second.ImageAsync("arm64", Arm64, isDocker: true);
        var signature = await first.AttachAsync(amd64.Digest, "application/x.signature", "by me");

        var (registry, login) = isSameRegistry ? (TestEngines.Registry("plain"), null) : Https();
        var log = new ConcurrentQueue<string>();
        using var client = TestClients.Create(new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] }, login, log.Enqueue);
        var target = ImageReference.Parse($"{registry}/test-{Guid.NewGuid():N}/merged:1");
        var request = new IndexRequest
        {
            Sources = [IndexSource.From(first.Tag("index")), IndexSource.From(second.Tag("arm64"))],
            Tags = [target, target with { Tag = "2" }, target with { Repository = target.Repository + "-too" }],
        };
        var index = Assert.IsType<ImageIndex>(await CreateAsync(client, request));
        foreach (var tag in request.Tags)
        {
            Assert.Equal(index.Digest, (await client.ResolveAsync(tag, Token)).Digest);
            foreach (var entry in index.Manifests)
            {
                var image = Assert.IsType<ImageManifest>(await new ImageInspector(client).InspectAsync(tag with { Tag = null, Digest = entry.Digest }, Token));
                Assert.True(await client.HasBlobAsync(tag, image.Layers[0], Token));
            }

            Assert.Equal([signature], (await client.ListReferrersAsync(tag, amd64.Digest, null, Token)).Select(r => r.Digest));
        }

        Assert.Equal(isSameRegistry, log.Any(l => l.StartsWith("POST ", StringComparison.Ordinal) && l.Contains(": 201", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_manifest_alone_is_copied_as_it_is()
    {
        using var images = TestImages.In(TestEngines.Registry("plain"));
        var amd64 = await images.ImageAsync("amd64", Amd64);
        var target = images.Repository with { Repository = images.Repository.Repository + "-copy", Tag = "same" };
        var copied = await CreateAsync(images.Client, new IndexRequest { Sources = [IndexSource.From(images.Tag("amd64"))], Tags = [target], PreferIndex = false });
        Assert.Equal(amd64.Digest, Assert.IsType<ImageManifest>(copied).Digest);
        Assert.Equal(amd64.Digest, (await images.Client.ResolveAsync(target, Token)).Digest);
    }

    [Fact]
    public async Task Objects_that_were_read_before_need_not_be_read_again()
    {
        using var images = TestImages.In(TestEngines.Registry("plain"));
        await images.ImageAsync("amd64", Amd64);
        await images.ImageAsync("arm64", Arm64);
        var (one, other) = (await ReadAsync("amd64"), await ReadAsync("arm64"));
        var log = new ConcurrentQueue<string>();
        using var client = TestClients.Create(log: log.Enqueue);
        var index = Assert.IsType<ImageIndex>(await CreateAsync(client, new IndexRequest { Sources = [IndexSource.From(one), IndexSource.From(other)], Tags = [images.Tag("both")] }));
        Assert.Equal([one.Digest, other.Digest], index.Manifests.Select(m => m.Digest));
        Assert.Equal(["linux/amd64", "linux/arm64"], index.Platforms.Select(p => p.ToString()));
        Assert.DoesNotContain(log, l => l.StartsWith("GET", StringComparison.Ordinal));

        // Whoever changes them is found out.
        var forged = one with { RawBytes = Encoding.UTF8.GetBytes(one.RawJson + " ") };
        Assert.Equal(BuildxFailure.DigestMismatch, Assert.Throws<BuildxException>(() => IndexSource.From(forged)).Failure);

        Task<ImageDocument> ReadAsync(string tag) => new ImageInspector(images.Client).InspectAsync(images.Tag(tag), Token);
    }

    [Fact]
    public async Task An_attestation_that_is_attached_comes_into_the_index_of_chosen_platforms()
    {
        using var images = TestImages.In(TestEngines.Registry("plain"));
        var amd64 = await images.ImageAsync("amd64", Amd64);
        await images.ImageAsync("arm64", Arm64);
        var attestation = await images.AttachAsync(amd64.Digest, "application/vnd.docker.attestation.manifest.v1+json", "provenance");
        var index = Assert.IsType<ImageIndex>(await CreateAsync(images.Client, new IndexRequest
        {
            Sources = [IndexSource.From(images.Tag("amd64")), IndexSource.From(images.Tag("arm64"))],
            Tags = [images.Tag("new")],
            Platforms = [Platform.Parse("linux/amd64")],
        }));
        Assert.Equal([amd64.Digest, attestation], index.Manifests.Select(m => m.Digest));
        Assert.True(index.Manifests[1].IsAttestation);
        Assert.Equal(amd64.Digest, index.Manifests[1].Annotations["vnd.docker.reference.digest"]);
    }

    [Fact]
    public async Task The_metadata_file_is_as_buildxs_reference_has_it()
    {
        using var images = TestImages.In(TestEngines.Registry("plain"));
        using var folder = new TemporaryFolder();
        await images.ImageAsync("amd64", Amd64);
        var other = images.Repository with { Repository = images.Repository.Repository + "-2", Tag = "x" };
        var request = new IndexRequest { Sources = [IndexSource.From(images.Tag("amd64"))], Tags = [other, images.Tag("a"), images.Tag("b")] };
        var file = Path.Join(folder.Path, "sub", "metadata.json");
        var index = await CreateAsync(images.Client, request, file);
        Assert.Equal(
            $$"""
            {
              "containerimage.descriptor": {
                "mediaType": "{{TestImages.OciIndex}}",
                "digest": "{{index.Digest}}",
                "size": {{index.Size}}
              },
              "image.name": "{{images.Repository.Name}},{{other.Name}}"
            }
            """.ReplaceLineEndings("\n"),
            File.ReadAllText(file));
    }

    [Fact]
    public void What_cannot_be_made_is_refused_before_anything_is_asked()
    {
        var tag = ImageReference.Parse("registry.local/app:1");
        var request = new IndexRequest { Sources = [IndexSource.From(tag)], Tags = [tag] };
        request.Check(isPushed: true);
        Assert.Equal(BuildxFailure.TagRequired, Fail(request with { Tags = [] }));
        Assert.Equal(BuildxFailure.TagInvalid, Fail(request with { Tags = [tag with { Digest = DigestOf(1) }] }));
        Assert.Equal(BuildxFailure.ArgumentInvalid, Fail(request with { Sources = [] }));
        Assert.Equal(BuildxFailure.AnnotationInvalid, Fail(request with { Annotations = AnnotationSpec.ParseAll("a=b") }));
        (request with { Tags = [] }).Check(isPushed: false);

        static BuildxFailure Fail(IndexRequest request) => Assert.Throws<BuildxException>(() => request.Check(isPushed: true)).Failure;
    }

    [Fact]
    public void An_annotation_for_a_platform_that_is_not_there_is_refused()
    {
        var source = new ResolvedSource { Repository = ImageReference.Parse("registry.local/app:1"), Entry = IndexEntry.From(Described(1, Platform.Parse("linux/amd64"))) };
        var error = Assert.Throws<BuildxException>(() => IndexComposer.Compose([source], AnnotationSpec.ParseAll("manifest-descriptor[linux/s390x]:a=b"), preferIndex: true));
        Assert.Equal(BuildxFailure.AnnotationInvalid, error.Failure);
        Assert.Contains("linux/s390x", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_a_source_or_is_refused_as_one()
        => CsCheck.Check.Sample(CsCheck.Gen.String[CsCheck.Gen.Char["{}\":,[]digestsha256:0aZ/@-_. \u00e9"], 0, 80], text =>
        {
            try
            {
                Assert.NotNull(IndexSource.Parse(text));
            }
            catch (BuildxException e)
            {
                Assert.Contains(e.Failure, new[] { BuildxFailure.ArgumentInvalid, BuildxFailure.TagInvalid });
            }
        });

    private static async Task<ImageDocument> CreateAsync(RegistryClient client, IndexRequest request, string? metadataFile = null)
    {
        request.Check(isPushed: true);
        var creator = new IndexCreator(client);
        var prepared = await creator.PrepareAsync(request, Token);
        await foreach (var _ in creator.PushAsync(prepared, request.Tags, metadataFile, Token))
        {
        }

        return prepared.Document;
    }

    private static (string Registry, FixedCredentials Login) Https()
    {
        var registry = TestEngines.Registry("https");
        var (name, password) = TestEngines.User("https");
        return (registry, FixedCredentials.User(registry, name, password));
    }

    private static string DigestOf(int number) => Digests.Compute(Encoding.UTF8.GetBytes($"image {number}"));

    private static Descriptor Described(int number, Platform platform)
        => new() { MediaType = TestImages.OciManifest, Digest = DigestOf(number), Size = 500 + number, Platform = platform };

    /// <summary>A fake registry that has twelve images, of which it only ever tells that they are there.</summary>
    private static FakeRegistry Registry(int missing = -1, int put = 201)
    {
        var sizes = Enumerable.Range(0, 12).Where(i => i != missing).ToDictionary(DigestOf, i => 500 + i);
        return new FakeRegistry(r => r.Method == "PUT" ? FakeResponse.Json(put, "{}")
            : r.Method == "HEAD" && sizes.TryGetValue(r.Path.Split('/')[^1], out var size)
                ? new FakeResponse { Headers = new() { ["Content-Type"] = TestImages.OciManifest, ["Content-Length"] = $"{size}", ["Docker-Content-Digest"] = r.Path.Split('/')[^1] } }
            : FakeResponse.Json(404, "{}"));
    }
}
