namespace BuildxPS.Engine.Tests.Images;

public sealed class FakeListTests
{
    private static readonly Descriptor s_subject = FakeStore.Describe("subject"u8.ToArray(), FakeStore.Manifest);

    [Fact]
    public async Task Tags_come_in_pages_and_only_the_registry_itself_is_asked_for_the_next()
    {
        await using var fake = new FakeRegistry(r => r.Query("last") switch
        {
            null => FakeResponse.Json(200, """{"name":"a","tags":["1","2"]}""", ("Link", "<https://evil.example/v2/a/tags/list?n=1000&last=2>; rel=\"next\"")),
            "2" => FakeResponse.Json(200, """{"name":"a","tags":["3"]}""", ("Link", "</v2/a/tags/list?n=1000&last=3>; rel=\"next\"")),
            _ => FakeResponse.Json(200, """{"name":"a","tags":null}"""),
        });
        Assert.Equal(["1", "2", "3"], await TagsAsync(fake));
    }

    [Theory]
    [InlineData("</v2/a/tags/list?n=1000>; rel=\"next\"")]
    [InlineData("")]
    public async Task A_list_without_end_is_given_up(string link)
    {
        var count = 0;
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(
            200, """{"tags":["1"]}""", ("Link", link.Length > 0 ? link : $"</v2/a/tags/list?last={Interlocked.Increment(ref count)}>; rel=\"next\"")));
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => TagsAsync(fake));
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Contains("no end", error.Message, StringComparison.Ordinal);
        Assert.InRange(fake.Requests.Count, 1, 21);
    }

    [Fact]
    public async Task Referrers_are_asked_by_type_and_filtered_where_the_registry_does_not()
    {
        await using var store = new FakeStore();
        store.AddReferrer("a", s_subject, "application/x-sbom", "1"u8.ToArray());
        var signature = store.AddReferrer("a", s_subject, "application/x-signature", "2"u8.ToArray());
        Assert.Equal(2, (await ReferrersAsync(store, null)).Count);
        var found = Assert.Single(await ReferrersAsync(store, "application/x-signature"));
        Assert.Equal(signature.Digest, found.Digest);
        Assert.Equal("application/x-signature", store.Fake.Requests.Last().Query("artifactType"));
    }

    [Fact]
    public async Task A_registry_without_that_list_keeps_it_under_a_tag()
    {
        await using var store = new FakeStore { ListsReferrers = false };
        Assert.Empty(await ReferrersAsync(store, null));
        var first = store.AddReferrer("b", s_subject, "application/x-sbom", "1"u8.ToArray());
        var second = store.AddReferrer("b", s_subject, "application/x-signature", "2"u8.ToArray());
        using var client = TestClients.Create();
        foreach (var referrer in new[] { first, second, second })
        {
            var stored = store.Manifests[$"b@{referrer.Digest}"];
            var document = Engine.Images.Manifests.ManifestReader.Read(ImageReference.Parse($"{store.Authority}/b"), stored.Bytes, stored.MediaType, referrer.Digest);
            await client.PutReferrerAsync(ImageReference.Parse($"{store.Authority}/a"), document, TestContext.Current.CancellationToken);
        }

        Assert.Contains($"a:{s_subject.Digest.Replace(':', '-')}", store.Manifests.Keys);
        var found = await ReferrersAsync(store, null);
        Assert.Equal([first.Digest, second.Digest], found.Select(f => f.Digest));
        Assert.Equal("application/x-sbom", found[0].ArtifactType);
    }

    [Fact]
    public async Task A_list_of_too_many_bytes_is_given_up()
    {
        var count = 0;
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(
            200, $$"""{"manifests":[],"pad":"{{new string('x', 60_000)}}"}""", ("Link", $"</v2/a/referrers/x?last={Interlocked.Increment(ref count)}>; rel=\"next\"")));
        using var client = TestClients.Create(limits: TestClients.Limits with { ListBytes = 200_000 });
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => client.ListReferrersAsync(
            ImageReference.Parse($"{fake.Authority}/a"), s_subject.Digest, null, TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.RegistryError, error.Failure);
        Assert.Equal(4, fake.Requests.Count);
    }

    [Fact]
    public async Task A_repository_without_that_list_says_nothing_of_others()
    {
        await using var store = new FakeStore();
        var image = ImageReference.Parse($"{store.Authority}/a");
        var referrer = store.AddReferrer("b", s_subject, "application/x-sbom", "1"u8.ToArray());
        store.Before = r => r.Path.StartsWith("/v2/a/referrers/", StringComparison.Ordinal) ? FakeResponse.Json(404, "{}") : null;
        using var client = TestClients.Create();
        Assert.Empty(await client.ListReferrersAsync(image, s_subject.Digest, null, TestContext.Current.CancellationToken));
        Assert.Empty(await client.ListReferrersAsync(image, s_subject.Digest, null, TestContext.Current.CancellationToken));
        Assert.Single(store.Sent("GET", "/v2/a/referrers/"));
        var found = await client.ListReferrersAsync(image with { Repository = "b" }, s_subject.Digest, null, TestContext.Current.CancellationToken);
        Assert.Equal(referrer.Digest, Assert.Single(found).Digest);
    }

    [Fact]
    public async Task A_list_whose_second_page_is_refused_is_not_taken_for_none()
    {
        await using var fake = new FakeRegistry(r => r.Query("last") is not null
            ? FakeResponse.Json(404, "{}")
            : FakeResponse.Json(200, """{"manifests":[]}""", ("Link", "</v2/a/referrers/x?last=1>; rel=\"next\"")));
        using var client = TestClients.Create();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => client.ListReferrersAsync(
            ImageReference.Parse($"{fake.Authority}/a"), s_subject.Digest, null, TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.ImageNotFound, error.Failure);
    }

    [Fact]
    public async Task What_is_no_list_is_not_written_over_and_a_list_keeps_what_it_says()
    {
        await using var store = new FakeStore { ListsReferrers = false };
        var tag = s_subject.Digest.Replace(':', '-');
        var referrer = store.AddReferrer("b", s_subject, "application/x-sbom", "1"u8.ToArray());
        var stored = store.Manifests[$"b@{referrer.Digest}"];
        var image = ImageReference.Parse($"{store.Authority}/a");
        var document = Engine.Images.Manifests.ManifestReader.Read(image, stored.Bytes, stored.MediaType, referrer.Digest);
        using var client = TestClients.Create();

        store.AddImage("a", tag, "amd64", [1, 2, 3]);
        var other = store.Manifests[$"a:{tag}"].Bytes;
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => client.PutReferrerAsync(image, document, TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.ImageInvalid, error.Failure);
        Assert.Contains(tag, error.Message, StringComparison.Ordinal);
        Assert.Equal(other, store.Manifests[$"a:{tag}"].Bytes);

        store.AddManifest("a", tag, FakeStore.Index, new System.Text.Json.Nodes.JsonObject
        {
            ["manifests"] = new System.Text.Json.Nodes.JsonArray(),
            ["annotations"] = new System.Text.Json.Nodes.JsonObject { ["note"] = "kept" },
        });
        await client.PutReferrerAsync(image, document, TestContext.Current.CancellationToken);
        var list = System.Text.Json.Nodes.JsonNode.Parse(store.Manifests[$"a:{tag}"].Bytes)!;
        Assert.Equal("kept", list["annotations"]!["note"]!.GetValue<string>());
        Assert.Equal(referrer.Digest, Assert.Single(list["manifests"]!.AsArray())!["digest"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}""", "its media type is")]
    [InlineData("""{"manifests":[{"digest":"sha256:zz"}]}""", "not a digest")]
    [InlineData("""[]""", "not a JSON object")]
    public async Task A_list_that_is_none_is_refused(string json, string expected)
    {
        await using var fake = new FakeRegistry(_ => FakeResponse.Json(200, json));
        using var client = TestClients.Create();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => client.ListReferrersAsync(
            ImageReference.Parse($"{fake.Authority}/a"), s_subject.Digest, null, TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.ImageInvalid, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<string>> TagsAsync(FakeRegistry fake)
    {
        using var client = TestClients.Create(limits: TestClients.Limits with { ListPages = 20 });
        var tags = new List<string>();
        await foreach (var tag in client.ListTagsAsync(ImageReference.Parse($"{fake.Authority}/a"), TestContext.Current.CancellationToken))
        {
            tags.Add(tag);
        }

        return tags;
    }

    private static async Task<IReadOnlyList<Descriptor>> ReferrersAsync(FakeStore store, string? type)
    {
        using var client = TestClients.Create();
        return await client.ListReferrersAsync(ImageReference.Parse($"{store.Authority}/a"), s_subject.Digest, type, TestContext.Current.CancellationToken);
    }
}
