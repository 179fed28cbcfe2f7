using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Images.Transfers;

namespace BuildxPS.Engine.Tests.Images;

public sealed class FakeImageCopyTests : FakeCopies
{
    [Fact]
    public async Task Everything_comes_before_what_lists_it_and_the_name_last()
    {
        var index = AddApp();
        var result = await CopyAsync("app:1", "mirror/app:one");
        Assert.Equal(index.Digest, result.Digest);
        Assert.Equal($"{To.Authority}/mirror/app:one", result.Reference.ToString());
        Assert.Equal(From.Manifests["app:1"].Bytes, To.Manifests["mirror/app:one"].Bytes);
        Assert.Equal(From.Blobs.Count, To.Blobs.Count);
        var writes = To.Fake.Requests.Where(r => r.Method == "PUT").Select(r => r.Path.Contains("/manifests/", StringComparison.Ordinal)).ToList();
        Assert.Equal(writes.Order(), writes);
        Assert.EndsWith("/manifests/one", To.Fake.Requests.Last().Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_copy_sends_the_name_and_nothing_else()
    {
        AddApp();
        await CopyAsync("app:1", "app:1");
        To.Fake.Requests.Clear();
        await CopyAsync("app:1", "app:2");
        Assert.Equal(["PUT"], To.Fake.Requests.Where(r => r.Method != "HEAD").Select(r => r.Method));
        Assert.Single(From.Sent("GET", "/blobs/").DistinctBy(r => r.Path), r => r.Path.EndsWith(FakeStore.DigestOf([1, 1]), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_copy_that_was_cut_off_sends_only_what_is_missing()
    {
        AddApp();
        var large = FakeStore.DigestOf([2, 2]);
        To.Before = r => r.Method == "PUT" && r.Query("digest") == large ? FakeResponse.Json(400, "{}") : null;
        await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1", parallelism: 1));
        Assert.DoesNotContain(To.Manifests.Keys, k => k.EndsWith(":1", StringComparison.Ordinal));
        var there = To.Blobs.Count;
        Assert.InRange(there, 1, 4);

        To.Before = null;
        To.Fake.Requests.Clear();
        await CopyAsync("app:1", "app:1");
        Assert.Equal(From.Blobs.Count - there, To.Sent("POST", "uploads").Count());
        Assert.Contains("app:1", To.Manifests.Keys);
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
        Assert.Equal(index.RawBytes.ToArray(), To.Manifests["app:arm"].Bytes);
        Assert.DoesNotContain($"app@{FakeStore.DigestOf([1, 1])}", To.Blobs.Keys);
    }

    [Fact]
    public async Task A_platform_that_is_not_there_is_named_with_those_that_are()
    {
        AddApp();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1", platforms: "linux/s390x"));
        Assert.Equal(BuildxFailure.PlatformNotAvailable, error.Failure);
        Assert.Contains("linux/amd64, linux/arm64", error.Message, StringComparison.Ordinal);
        Assert.Empty(To.Fake.Requests);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task What_is_attached_goes_along_whatever_the_registries_know_of_it(bool sourceLists, bool destinationLists)
    {
        var index = AddApp();
        var signature = From.AddReferrer("app", index, "application/x-signature", "signed"u8.ToArray());
        var onSignature = From.AddReferrer("app", signature, "application/x-note", "noted"u8.ToArray());
        From.ListsReferrers = sourceLists;
        To.ListsReferrers = destinationLists;
        if (!sourceLists)
        {
            From.AddIndex("app", index.Digest.Replace(':', '-'), signature);
            From.AddIndex("app", signature.Digest.Replace(':', '-'), onSignature);
        }

        await CopyAsync("app:1", "app:1");
        Assert.Contains($"app@{signature.Digest}", To.Manifests.Keys);
        var found = await Client.ListReferrersAsync(ImageReference.Parse($"{To.Authority}/app"), signature.Digest, null, TestContext.Current.CancellationToken);
        Assert.Equal(onSignature.Digest, Assert.Single(found).Digest);

        await CopyAsync("app:1", "bare:1", withReferrers: false);
        Assert.DoesNotContain($"bare@{signature.Digest}", To.Manifests.Keys);
    }

    [Fact]
    public async Task Within_one_registry_nothing_travels()
    {
        AddApp();
        using var copier = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await copier.PlanAsync(Locate($"{From.Authority}/other:1"), TestContext.Current.CancellationToken);
        Assert.Contains("taken over from app", copy.Summary, StringComparison.Ordinal);
        await RunAsync(copy);
        Assert.DoesNotContain(From.Fake.Requests, r => r.Method == "PUT" && r.Path.Contains("/blobs/", StringComparison.Ordinal));
        Assert.Contains("other:1", From.Manifests.Keys);
    }

    [Fact]
    public async Task A_second_destination_in_a_registry_takes_over_from_the_first()
    {
        AddApp();
        using var source = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
        await RunAsync(await source.PlanAsync(Locate($"{To.Authority}/one:1"), TestContext.Current.CancellationToken));
        var sent = To.Sent("PUT", "/blobs/").Count();
        await RunAsync(await source.PlanAsync(Locate($"{To.Authority}/two:1"), TestContext.Current.CancellationToken));
        Assert.Equal(sent, To.Sent("PUT", "/blobs/").Count());
        Assert.Contains("two:1", To.Manifests.Keys);
    }

    [Fact]
    public async Task Indexes_in_indexes_are_copied_and_those_too_deep_refused()
    {
        var entry = From.AddImage("app", null, "amd64", [1, 1]);
        for (var depth = 1; depth <= 10; depth++)
        {
            entry = From.AddIndex("app", $"depth{depth}", entry);
        }

        await CopyAsync("app:depth4", "app:4");
        Assert.Contains("app:4", To.Manifests.Keys);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:depth10", "app:10"));
        Assert.Equal(BuildxFailure.ImageInvalid, error.Failure);
        Assert.Contains("nested", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_that_lists_itself_is_found_out_by_its_digest()
    {
        var digest = "sha256:" + new string('a', 64);
        var bytes = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = FakeStore.Index, ["manifests"] = new JsonArray(new JsonObject { ["mediaType"] = FakeStore.Index, ["digest"] = digest, ["size"] = 10 }) };
        From.Before = _ => FakeResponse.Document(FakeStore.Index, Encoding.UTF8.GetBytes(bytes.ToJsonString()));
        Assert.Equal(BuildxFailure.DigestMismatch, (await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1"))).Failure);
        Assert.InRange(From.Fake.Requests.Count, 2, 4);
    }

    [Fact]
    public async Task A_manifest_of_another_size_than_listed_is_refused()
    {
        var image = From.AddImage("app", null, "amd64", [1, 1]);
        From.AddIndex("app", "1", image with { Size = image.Size + 1 });
        Assert.Equal(BuildxFailure.ImageInvalid, (await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1"))).Failure);
        Assert.Empty(To.Fake.Requests);
    }

    [Theory]
    [InlineData(415, BuildxFailure.RegistryIndexRefused, "too old for indexes")]
    [InlineData(400, BuildxFailure.RegistryError, "too old for indexes")]
    [InlineData(403, BuildxFailure.RegistryUnauthorized, "may write to")]
    [InlineData(404, BuildxFailure.ImageNotFound, "must be made before")]
    public async Task A_registry_that_refuses_an_index_is_said_with_what_helps(int status, BuildxFailure failure, string advice)
    {
        AddApp();
        To.Before = r => r.Method == "PUT" && r.Headers["Content-Type"] == FakeStore.Index ? FakeResponse.Json(status, """{"errors":[{"code":"REFUSED","message":"not this"}]}""") : null;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1"));
        Assert.Equal(failure, error.Failure);
        Assert.Contains("REFUSED: not this", error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Advice, StringComparison.Ordinal);
        Assert.DoesNotContain("app:1", To.Manifests.Keys);
    }

    [Fact]
    public async Task A_layer_that_is_forged_on_the_way_is_not_pushed_and_the_image_gets_no_name()
    {
        AddApp();
        var layer = FakeStore.DigestOf([2, 3]);
        From.Before = r => r.Method == "GET" && r.Path.EndsWith(layer, StringComparison.Ordinal) ? new FakeResponse { Body = [9, 9] } : null;
        Assert.Equal(BuildxFailure.DigestMismatch, (await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app:1"))).Failure);
        Assert.DoesNotContain("app:1", To.Manifests.Keys);
        Assert.DoesNotContain($"app@{layer}", To.Blobs.Keys);
    }

    [Fact]
    public async Task A_digest_that_is_not_the_images_is_refused_before_anything_is_changed()
    {
        AddApp();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync("app:1", "app@sha256:" + new string('0', 64)));
        Assert.Equal(BuildxFailure.ArgumentInvalid, error.Failure);
        Assert.Empty(To.Fake.Requests);
    }
}
