using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class FakeImageCopyTests : IAsyncDisposable
{
    private readonly FakeStore _from = new();
    private readonly FakeStore _to = new();
    private readonly RegistryClient _client = TestClients.Create();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _from.DisposeAsync();
        await _to.DisposeAsync();
    }

    [Fact]
    public async Task Everything_comes_before_what_lists_it_and_the_name_last()
    {
        var index = AddApp();
        var result = await CopyAsync("app:1", "mirror/app:one");
        Assert.Equal(index.Digest, result.Digest);
        Assert.Equal($"{_to.Authority}/mirror/app:one", result.Reference.ToString());
        Assert.Equal(_from.Manifests["app:1"].Bytes, _to.Manifests["mirror/app:one"].Bytes);
        Assert.Equal(_from.Blobs.Count, _to.Blobs.Count);
        var writes = _to.Fake.Requests.Where(r => r.Method == "PUT").Select(r => r.Path.Contains("/manifests/", StringComparison.Ordinal)).ToList();
        Assert.Equal(writes.Order(), writes);
        Assert.EndsWith("/manifests/one", _to.Fake.Requests.Last().Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_copy_sends_the_name_and_nothing_else()
    {
        AddApp();
        await CopyAsync("app:1", "app:1");
        _to.Fake.Requests.Clear();
        await CopyAsync("app:1", "app:2");
        Assert.Equal(["PUT"], _to.Fake.Requests.Where(r => r.Method != "HEAD").Select(r => r.Method));
        Assert.Single(_from.Sent("GET", "/blobs/").DistinctBy(r => r.Path), r => r.Path.EndsWith(FakeStore.DigestOf([1, 1]), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_copy_that_was_cut_off_sends_only_what_is_missing()
    {
        AddApp();
        var large = FakeStore.DigestOf([2, 2]);
        _to.Before = r => r.Method == "PUT" && r.Query("digest") == large ? FakeResponse.Json(400, "{}") : null;
        await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1", parallelism: 1));
        Assert.DoesNotContain(_to.Manifests.Keys, k => k.EndsWith(":1", StringComparison.Ordinal));
        var there = _to.Blobs.Count;
        Assert.InRange(there, 1, 4);

        _to.Before = null;
        _to.Fake.Requests.Clear();
        await CopyAsync("app:1", "app:1");
        Assert.Equal(_from.Blobs.Count - there, _to.Sent("POST", "uploads").Count());
        Assert.Contains("app:1", _to.Manifests.Keys);
    }

    [Fact]
    public async Task Chosen_platforms_keep_their_attestations()
    {
        AddApp(withAttestation: true);
        var index = Assert.IsType<ImageIndex>(await CopyAsync("app:1", "app:arm", platforms: "linux/arm64"));
        Assert.Equal(["linux/arm64"], index.Platforms.Select(p => p.ToString()));
        Assert.Equal(2, index.Manifests.Count);
        Assert.Equal(index.Manifests[0].Digest, index.Manifests[1].Annotations["vnd.docker.reference.digest"]);
        Assert.Equal("kept", index.Annotations["note"]);
        Assert.Equal(index.RawBytes.ToArray(), _to.Manifests["app:arm"].Bytes);
        Assert.DoesNotContain($"app@{FakeStore.DigestOf([1, 1])}", _to.Blobs.Keys);
    }

    [Fact]
    public async Task A_platform_that_is_not_there_is_named_with_those_that_are()
    {
        AddApp();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1", platforms: "linux/s390x"));
        Assert.Equal(BuildxFailure.PlatformNotAvailable, error.Failure);
        Assert.Contains("linux/amd64, linux/arm64", error.Message, StringComparison.Ordinal);
        Assert.Empty(_to.Fake.Requests);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task What_is_attached_goes_along_whatever_the_registries_know_of_it(bool sourceLists, bool destinationLists)
    {
        var index = AddApp();
        var signature = _from.AddReferrer("app", index, "application/x-signature", "signed"u8.ToArray());
        var onSignature = _from.AddReferrer("app", signature, "application/x-note", "noted"u8.ToArray());
        _from.ListsReferrers = sourceLists;
        _to.ListsReferrers = destinationLists;
        if (!sourceLists)
        {
            _from.AddIndex("app", index.Digest.Replace(':', '-'), signature);
            _from.AddIndex("app", signature.Digest.Replace(':', '-'), onSignature);
        }

        await CopyAsync("app:1", "app:1");
        Assert.Contains($"app@{signature.Digest}", _to.Manifests.Keys);
        var found = await _client.ListReferrersAsync(ImageReference.Parse($"{_to.Authority}/app"), signature.Digest, null, TestContext.Current.CancellationToken);
        Assert.Equal(onSignature.Digest, Assert.Single(found).Digest);

        await CopyAsync("app:1", "bare:1", withReferrers: false);
        Assert.DoesNotContain($"bare@{signature.Digest}", _to.Manifests.Keys);
    }

    [Fact]
    public async Task Within_one_registry_nothing_travels()
    {
        AddApp();
        using var copier = await new ImageCopier(_client).OpenAsync(Locate($"{_from.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await copier.PlanAsync(Locate($"{_from.Authority}/other:1"), TestContext.Current.CancellationToken);
        Assert.Contains("taken over from app", copy.Summary, StringComparison.Ordinal);
        await RunAsync(copy);
        Assert.DoesNotContain(_from.Fake.Requests, r => r.Method == "PUT" && r.Path.Contains("/blobs/", StringComparison.Ordinal));
        Assert.Contains("other:1", _from.Manifests.Keys);
    }

    [Fact]
    public async Task A_second_destination_in_a_registry_takes_over_from_the_first()
    {
        AddApp();
        using var source = await new ImageCopier(_client).OpenAsync(Locate($"{_from.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
        await RunAsync(await source.PlanAsync(Locate($"{_to.Authority}/one:1"), TestContext.Current.CancellationToken));
        var sent = _to.Sent("PUT", "/blobs/").Count();
        await RunAsync(await source.PlanAsync(Locate($"{_to.Authority}/two:1"), TestContext.Current.CancellationToken));
        Assert.Equal(sent, _to.Sent("PUT", "/blobs/").Count());
        Assert.Contains("two:1", _to.Manifests.Keys);
    }

    [Fact]
    public async Task Indexes_in_indexes_are_copied_and_those_too_deep_refused()
    {
        var entry = _from.AddImage("app", null, "amd64", [1, 1]);
        for (var depth = 1; depth <= 10; depth++)
        {
            entry = _from.AddIndex("app", $"depth{depth}", entry);
        }

        await CopyAsync("app:depth4", "app:4");
        Assert.Contains("app:4", _to.Manifests.Keys);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:depth10", "app:10"));
        Assert.Equal(BuildxFailure.ImageInvalid, error.Failure);
        Assert.Contains("nested", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_that_lists_itself_is_found_out_by_its_digest()
    {
        var digest = "sha256:" + new string('a', 64);
        var bytes = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = FakeStore.Index, ["manifests"] = new JsonArray(new JsonObject { ["mediaType"] = FakeStore.Index, ["digest"] = digest, ["size"] = 10 }) };
        _from.Before = _ => FakeResponse.Document(FakeStore.Index, System.Text.Encoding.UTF8.GetBytes(bytes.ToJsonString()));
        Assert.Equal(BuildxFailure.DigestMismatch, (await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1"))).Failure);
        Assert.InRange(_from.Fake.Requests.Count, 2, 4);
    }

    [Fact]
    public async Task A_manifest_of_another_size_than_listed_is_refused()
    {
        var image = _from.AddImage("app", null, "amd64", [1, 1]);
        _from.AddIndex("app", "1", image with { Size = image.Size + 1 });
        Assert.Equal(BuildxFailure.ImageInvalid, (await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1"))).Failure);
        Assert.Empty(_to.Fake.Requests);
    }

    [Fact]
    public async Task A_digest_that_is_not_the_images_is_refused_before_anything_is_changed()
    {
        AddApp();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app@sha256:" + new string('0', 64)));
        Assert.Equal(BuildxFailure.ArgumentInvalid, error.Failure);
        Assert.Empty(_to.Fake.Requests);
    }

    [Theory]
    [InlineData("layout")]
    [InlineData("layout.tar")]
    public async Task An_image_goes_to_a_layout_and_back(string name)
    {
        using var folder = new TemporaryFolder();
        var index = AddApp();
        var signature = _from.AddReferrer("app", index, "application/x-signature", "signed"u8.ToArray());
        var path = "oci-layout://" + Path.Combine(folder.Path, name);
        using (var source = await new ImageCopier(_client).OpenAsync(Locate($"{_from.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken))
        {
            await RunAsync(await source.PlanAsync(Locate(path + ":one"), TestContext.Current.CancellationToken));
        }

        Assert.Equal([name], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
        using var back = await new ImageCopier(_client).OpenAsync(Locate(path), new CopyOptions(), TestContext.Current.CancellationToken);
        Assert.Equal(index.Digest, back.Image.Digest);
        await RunAsync(await back.PlanAsync(Locate($"{_to.Authority}/back:1"), TestContext.Current.CancellationToken));
        Assert.Equal(_from.Manifests["app:1"].Bytes, _to.Manifests["back:1"].Bytes);
        Assert.Contains($"back@{signature.Digest}", _to.Manifests.Keys);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => new ImageCopier(_client).OpenAsync(Locate(path + ":two"), new CopyOptions(), TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.ImageNotFound, error.Failure);
        Assert.Contains("it has one.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_layout_goes_on_with_a_blob_that_was_cut_off_and_begins_a_wrong_one_again()
    {
        using var folder = new TemporaryFolder();
        var (first, second) = (RandomNumberGenerator.GetBytes(500_000), RandomNumberGenerator.GetBytes(500_000));
        _from.AddImage("app", "1", "amd64", first, second);
        var layout = Path.Combine(folder.Path, "layout");
        var ingest = Directory.CreateDirectory(Path.Combine(layout, "ingest")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(ingest, $"copy-{FakeStore.DigestOf(first).Replace(':', '-')}-0"), first[..300_000], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(ingest, $"copy-{FakeStore.DigestOf(second).Replace(':', '-')}-0"), new byte[300_000], TestContext.Current.CancellationToken);
        using var source = await new ImageCopier(_client).OpenAsync(Locate($"{_from.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
        await RunAsync(await source.PlanAsync(Locate($"oci-layout://{layout}:1"), TestContext.Current.CancellationToken));
        foreach (var blob in new[] { first, second })
        {
            Assert.Equal(blob, await File.ReadAllBytesAsync(Path.Combine(layout, "blobs", "sha256", FakeStore.DigestOf(blob)[7..]), TestContext.Current.CancellationToken));
        }

        Assert.Equal("bytes=300000-", Assert.Single(_from.Sent("GET", FakeStore.DigestOf(first))).Headers["Range"]);
        Assert.Empty(Directory.GetFiles(ingest));
    }

    [Fact]
    public async Task A_layout_that_is_damaged_is_not_pushed()
    {
        using var folder = new TemporaryFolder();
        AddApp();
        var layout = Path.Combine(folder.Path, "layout");
        using (var source = await new ImageCopier(_client).OpenAsync(Locate($"{_from.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken))
        {
            await RunAsync(await source.PlanAsync(Locate($"oci-layout://{layout}"), TestContext.Current.CancellationToken));
        }

        var blob = Path.Combine(layout, "blobs", "sha256", FakeStore.DigestOf([2, 2])[7..]);
        File.Delete(blob);
        await File.WriteAllBytesAsync(blob, [2, 3], TestContext.Current.CancellationToken);
        using var back = await new ImageCopier(_client).OpenAsync(Locate($"oci-layout://{layout}"), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await back.PlanAsync(Locate($"{_to.Authority}/back:1"), TestContext.Current.CancellationToken);
        Assert.Equal(BuildxFailure.DigestMismatch, (await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(copy))).Failure);
        Assert.DoesNotContain("back:1", _to.Manifests.Keys);
    }

    [Theory]
    [InlineData("nothing", BuildxFailure.LayoutNotFound)]
    [InlineData("empty", BuildxFailure.LayoutNotFound)]
    [InlineData("text.tar", BuildxFailure.LayoutInvalid)]
    public async Task What_is_no_layout_is_said_so(string name, BuildxFailure failure)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "empty"));
        folder.Write("text.tar", new string('x', 2000));
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => new ImageCopier(_client).OpenAsync(
            Locate($"oci-layout://{Path.Combine(folder.Path, name)}"), new CopyOptions(), TestContext.Current.CancellationToken));
        Assert.Equal(failure, error.Failure);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    /// <summary>An image for two platforms, with two layers of its own each.</summary>
    private Descriptor AddApp(bool withAttestation = false)
    {
        var amd = _from.AddImage("app", null, "amd64", [1, 1], [1, 2]);
        var arm = _from.AddImage("app", null, "arm64", [2, 2], [2, 3]);
        if (!withAttestation)
        {
            return _from.AddIndex("app", "1", amd, arm);
        }

        Descriptor Attest(Descriptor image, byte[] statement) => _from.AddImage("app", null, "amd64", statement) with
        {
            Annotations = new Dictionary<string, string> { ["vnd.docker.reference.type"] = "attestation-manifest", ["vnd.docker.reference.digest"] = image.Digest },
        };
        return _from.AddManifest("app", "1", FakeStore.Index, new JsonObject
        {
            ["manifests"] = new JsonArray([.. new[] { amd, arm, Attest(amd, [3]), Attest(arm, [4]) }.Select(FakeStore.Json)]),
            ["annotations"] = new JsonObject { ["note"] = "kept" },
        });
    }

    private static ImageLocation Locate(string text) => ImageLocation.Parse(text, path => path);

    private async Task<ImageDocument> CopyAsync(string from, string to, string? platforms = null, bool withReferrers = true, int parallelism = 4)
    {
        var options = new CopyOptions { Platforms = platforms is null ? [] : [Platform.Parse(platforms)], WithReferrers = withReferrers, Parallelism = parallelism };
        using var source = await new ImageCopier(_client).OpenAsync(Locate($"{_from.Authority}/{from}"), options, TestContext.Current.CancellationToken);
        var copy = await source.PlanAsync(Locate($"{_to.Authority}/{to}"), TestContext.Current.CancellationToken);
        await RunAsync(copy);
        return copy.Result;
    }

    private static async Task RunAsync(ImageCopy copy)
    {
        await foreach (var _ in copy.RunAsync(TestContext.Current.CancellationToken))
        {
        }
    }
}
