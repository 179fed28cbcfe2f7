using System.Text.Json.Nodes;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>Images and places that somebody made to do harm, or that are merely broken.</summary>
public sealed class FakeHostileCopyTests : IAsyncDisposable
{
    private const int Width = 20;

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
    [InlineData("")]
    [InlineData("blobs")]
    [InlineData("blobs/sha256")]
    [InlineData("ingest")]
    [InlineData("tar")]
    [InlineData("lock")]
    public async Task A_tar_is_put_together_in_no_folder_that_leads_elsewhere(string link)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links want a privilege there.");
        _from.AddImage("app", "1", "amd64", [1, 1]);
        var victim = _folder.Write($"victim/blobs/sha256/{new string('a', 64)}", "precious");
        _folder.Write("victim/index.json", "{}");
        var path = Path.Combine(_folder.Path, "work", "app.tar");
        using var source = await OpenAsync();
        var before = await source.PlanAsync(Locate($"oci-layout://{path}"), TestContext.Current.CancellationToken);

        var place = Path.Combine(_folder.Path, "work", ".app.tar.copying", link).TrimEnd('/');
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        Directory.CreateSymbolicLink(place, Path.Combine(_folder.Path, "victim"));
        foreach (var run in new[] { () => RunAsync(before), async () => await RunAsync(await source.PlanAsync(Locate($"oci-layout://{path}"), TestContext.Current.CancellationToken)) })
        {
            var error = await Assert.ThrowsAnyAsync<BuildxException>(run);
            Assert.Equal(BuildxFailure.DestinationNotWritable, error.Failure);
            Assert.Contains(".app.tar.copying", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal("precious", await File.ReadAllTextAsync(victim, TestContext.Current.CancellationToken));
        Assert.Equal(["blobs", "index.json"], Directory.GetFileSystemEntries(Path.Combine(_folder.Path, "victim")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_folder_in_which_a_tar_is_put_together_is_its_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Folders have no such permissions there.");
            return;
        }

        var path = Path.Combine(_folder.Path, "app.tar");
        using var destination = new ArchiveDestination(path, ImageReference.Parse("app:1"));
        using var turn = destination.Begin();
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(_folder.Path, ".app.tar.copying")));
    }

    [Fact]
    public async Task Indexes_that_all_list_the_same_are_walked_once()
    {
        Descriptor[] level = [.. Enumerable.Range(0, Width).Select(i => _from.AddImage("app", null, "amd64", [1, (byte)i]))];
        for (var height = 1; height < 8; height++)
        {
            level = [.. Enumerable.Range(0, Width).Select(i => AddIndex(null, i, level))];
        }

        AddIndex("1", 0, level);
        var (_, warning) = await CopyAsync().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Null(warning);
        Assert.Empty(_from.Manifests.Keys.Except(_to.Manifests.Keys));
        Assert.InRange(_from.Sent("GET", "/manifests/sha256:").DistinctBy(r => r.Path).Count(), 8 * Width, (8 * Width) + 1);
    }

    [Fact]
    public async Task A_chain_of_indexes_is_too_deep_also_if_each_is_listed_at_the_top()
    {
        List<Descriptor> chain = [_from.AddImage("app", null, "amd64", [1, 1])];
        for (var i = 0; i < 300; i++)
        {
            chain.Add(AddIndex(null, i, [chain[^1]]));
        }

        AddIndex("1", 0, [.. chain]);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => CopyAsync().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.ImageInvalid, error.Failure);
        Assert.Contains("nested", error.Message, StringComparison.Ordinal);
        Assert.Empty(_to.Fake.Requests);
    }

    [Fact]
    public async Task The_first_manifest_that_cannot_be_read_ends_the_reading()
    {
        AddIndex("1", 0, [.. Enumerable.Range(0, 500).Select(i => _from.AddImage("app", null, "amd64", [1, (byte)i, (byte)(i >> 8)]))]);
        _from.Before = r => r.Path.Contains("/manifests/sha256:", StringComparison.Ordinal) ? FakeResponse.Json(400, "{}") : null;
        _ = await Assert.ThrowsAnyAsync<BuildxException>(CopyAsync);
        Assert.InRange(_from.Fake.Requests.Count, 2, 50);
    }

    [Fact]
    public async Task What_is_listed_as_attached_and_gone_is_left_out_with_a_warning()
    {
        var image = _from.AddImage("app", "1", "amd64", [1, 1]);
        var signature = _from.AddReferrer("app", image, "application/x-signature", "signed"u8.ToArray());
        var gone = FakeStore.Describe("gone"u8.ToArray(), FakeStore.Manifest);
        _from.ListsReferrers = false;
        _from.AddIndex("app", image.Digest.Replace(':', '-'), gone, signature);
        var (_, warning) = await CopyAsync();
        Assert.Contains(gone.Digest, warning, StringComparison.Ordinal);
        Assert.Contains($"app@{signature.Digest}", _to.Manifests.Keys);
        Assert.Contains("app:1", _to.Manifests.Keys);
    }

    [Fact]
    public async Task What_a_layout_holds_besides_images_is_in_no_ones_way()
    {
        var image = _from.AddImage("app", "1", "amd64", [1, 1]);
        var layout = Path.Combine(_folder.Path, "layout");
        using (var source = await OpenAsync())
        {
            await RunAsync(await source.PlanAsync(Locate($"oci-layout://{layout}"), TestContext.Current.CancellationToken));
        }

        var index = JsonNode.Parse(await File.ReadAllBytesAsync(Path.Combine(layout, "index.json"), TestContext.Current.CancellationToken))!;
        index["manifests"]!.AsArray().Add(FakeStore.Json(FakeStore.Describe([1, 1], "application/x-thing")));
        await File.WriteAllTextAsync(Path.Combine(layout, "index.json"), index.ToJsonString(), TestContext.Current.CancellationToken);
        using var back = await new ImageCopier(_client).OpenAsync(Locate($"oci-layout://{layout}"), new CopyOptions(), TestContext.Current.CancellationToken);
        Assert.Equal(image.Digest, back.Image.Digest);
    }

    [Fact]
    public async Task A_pipe_is_no_layout()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Named pipes are made on Linux only.");
        var path = Path.Combine(_folder.Path, "pipe.tar");
        IFileSystem.Current.CreateSpecial(path, new FileEntry { Path = "pipe.tar", Mode = FileEntryMode.NamedPipe | (FileEntryMode)0x180 });
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => Task.Run(() => new ImageCopier(_client).OpenAsync(
            Locate($"oci-layout://{path}"), new CopyOptions(), TestContext.Current.CancellationToken)).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.LayoutInvalid, error.Failure);
        Assert.Contains("it is a pipe", error.Message, StringComparison.Ordinal);
    }

    private static ImageLocation Locate(string text) => ImageLocation.Parse(text, path => path);

    private Descriptor AddIndex(string? tag, int number, Descriptor[] entries) => _from.AddManifest("app", tag, FakeStore.Index, new JsonObject
    {
        ["manifests"] = new JsonArray([.. entries.Select(FakeStore.Json)]),
        ["annotations"] = new JsonObject { ["number"] = $"{number}" },
    });

    private Task<CopySource> OpenAsync()
        => new ImageCopier(_client).OpenAsync(Locate($"{_from.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);

    private async Task<(ImageDocument Image, string? Warning)> CopyAsync()
    {
        using var source = await OpenAsync();
        var copy = await source.PlanAsync(Locate($"{_to.Authority}/app:1"), TestContext.Current.CancellationToken);
        await RunAsync(copy);
        return (copy.Result, source.Warning);
    }

    private static async Task RunAsync(ImageCopy copy)
    {
        await foreach (var _ in copy.RunAsync(TestContext.Current.CancellationToken))
        {
        }
    }
}
