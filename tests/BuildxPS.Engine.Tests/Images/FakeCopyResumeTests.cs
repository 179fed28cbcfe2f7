using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>Copies that find something at their destination: what a killed one left, half an image, another copy.</summary>
public sealed class FakeCopyResumeTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeStore _from = new();
    private readonly FakeStore _to = new();
    private readonly RegistryClient _client = TestClients.Create();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _from.DisposeAsync();
        await _to.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_came_before_it_could_be_listed_is_listed_by_the_next_copy(bool destinationLists)
    {
        var image = _from.AddImage("app", "1", "amd64", [1, 1]);
        var signature = _from.AddReferrer("app", image, "application/x-signature", "signed"u8.ToArray());
        _to.ListsReferrers = destinationLists;
        await CopyAsync($"{_from.Authority}/app:1", $"{_to.Authority}/app:1", withReferrers: false);
        _to.AddReferrer("app", image, "application/x-signature", "signed"u8.ToArray());

        await CopyAsync($"{_from.Authority}/app:1", $"{_to.Authority}/app:1");
        using var client = TestClients.Create();
        var found = await client.ListReferrersAsync(ImageReference.Parse($"{_to.Authority}/app"), image.Digest, null, TestContext.Current.CancellationToken);
        Assert.Equal(signature.Digest, Assert.Single(found).Digest);
        Assert.Equal(!destinationLists, _to.Manifests.ContainsKey($"app:{image.Digest.Replace(':', '-')}"));
    }

    [Theory]
    [InlineData("layout", "layout")]
    [InlineData("layout.tar", ".layout.tar.copying")]
    public async Task A_signature_that_was_there_before_the_copy_was_killed_is_not_lost(string name, string folder)
    {
        var image = _from.AddImage("app", "1", "amd64", [1, 1]);
        var signature = _from.AddReferrer("app", image, "application/x-signature", "signed"u8.ToArray());
        await CopyAsync($"{_from.Authority}/app:1", Layout(folder));
        File.Delete(Path.Combine(_folder.Path, folder, "index.json"));

        await CopyAsync($"{_from.Authority}/app:1", Layout(name));
        Assert.Equal([name], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
        await CopyAsync(Layout(name), $"{_to.Authority}/back:1");
        Assert.Contains($"back@{signature.Digest}", _to.Manifests.Keys);
    }

    [Fact]
    public async Task An_index_that_is_there_without_what_it_lists_gets_the_rest()
    {
        var index = _from.AddIndex("app", "1", _from.AddImage("app", null, "amd64", [1, 1]), _from.AddImage("app", null, "arm64", [2, 2]));
        _to.Manifests[$"app@{index.Digest}"] = _from.Manifests[$"app@{index.Digest}"];
        await CopyAsync($"{_from.Authority}/app:1", $"{_to.Authority}/app:1");
        Assert.Empty(_from.Manifests.Keys.Except(_to.Manifests.Keys));
        Assert.Empty(_from.Blobs.Keys.Except(_to.Blobs.Keys));
    }

    [Fact]
    public async Task A_layout_without_a_layer_of_its_image_gets_it_again()
    {
        var image = _from.AddImage("app", null, "amd64", [1, 1]);
        _from.AddIndex("app", "1", image, _from.AddImage("app", null, "arm64", [2, 2]));
        await CopyAsync($"{_from.Authority}/app:1", Layout("layout"));
        var lost = new[] { image.Digest, FakeStore.DigestOf([2, 2]) }.Select(BlobPath).ToList();
        lost.ForEach(File.Delete);
        await CopyAsync($"{_from.Authority}/app:1", Layout("layout"));
        Assert.All(lost, l => Assert.True(File.Exists(l)));
    }

    [Fact]
    public async Task An_image_whose_layer_was_removed_meanwhile_gets_no_name()
    {
        _from.AddImage("app", "1", "amd64", [1, 1]);
        await CopyAsync($"{_from.Authority}/app:1", Layout("layout"));
        using var source = await OpenAsync($"{_from.Authority}/app:1");
        var copy = await source.PlanAsync(Locate(Layout("layout") + ":second"), TestContext.Current.CancellationToken);
        File.Delete(BlobPath(FakeStore.DigestOf([1, 1])));
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(copy));
        Assert.Equal(BuildxFailure.LayoutInvalid, error.Failure);
        Assert.True(error.IsTransient);
        Assert.Equal(BuildxFailure.ImageNotFound, (await Assert.ThrowsAnyAsync<BuildxException>(() => OpenAsync(Layout("layout") + ":second"))).Failure);
    }

    [Fact]
    public async Task Two_copies_to_one_tar_do_not_get_mixed()
    {
        _from.AddImage("app", "1", "amd64", [1, 1]);
        using var source = await OpenAsync($"{_from.Authority}/app:1");
        var path = Path.Combine(_folder.Path, "app.tar");
        var copy = await source.PlanAsync(Locate($"oci-layout://{path}"), TestContext.Current.CancellationToken);
        using (var other = new ArchiveDestination(path, ImageReference.Parse("other:1")))
        using (other.Begin())
        {
            var error = await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(copy));
            Assert.Equal(BuildxFailure.DestinationNotWritable, error.Failure);
            Assert.Contains("Another copy", error.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(path));
        }

        // What the other one's end took along is missed, not left out.
        await RunAsync(await source.PlanAsync(Locate($"oci-layout://{path}"), TestContext.Current.CancellationToken));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_tar_without_a_layer_that_was_removed_meanwhile_is_not_made()
    {
        _from.AddImage("app", "1", "amd64", [1, 1]);
        await CopyAsync($"{_from.Authority}/app:1", Layout(".app.tar.copying"));
        using var source = await OpenAsync($"{_from.Authority}/app:1");
        var copy = await source.PlanAsync(Locate(Layout("app.tar")), TestContext.Current.CancellationToken);
        Directory.Delete(Path.Combine(_folder.Path, ".app.tar.copying"), recursive: true);
        _ = await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(copy));
        Assert.False(File.Exists(Path.Combine(_folder.Path, "app.tar")));
    }

    private static ImageLocation Locate(string text) => ImageLocation.Parse(text, path => path);

    private string Layout(string name) => "oci-layout://" + Path.Combine(_folder.Path, name);

    private string BlobPath(string digest) => Path.Combine(_folder.Path, "layout", "blobs", "sha256", digest[7..]);

    private Task<CopySource> OpenAsync(string from, bool withReferrers = true)
        => new ImageCopier(_client).OpenAsync(Locate(from), new CopyOptions { WithReferrers = withReferrers }, TestContext.Current.CancellationToken);

    private async Task CopyAsync(string from, string to, bool withReferrers = true)
    {
        using var source = await OpenAsync(from, withReferrers);
        await RunAsync(await source.PlanAsync(Locate(to), TestContext.Current.CancellationToken));
    }

    private static async Task RunAsync(ImageCopy copy)
    {
        await foreach (var _ in copy.RunAsync(TestContext.Current.CancellationToken))
        {
        }
    }
}
