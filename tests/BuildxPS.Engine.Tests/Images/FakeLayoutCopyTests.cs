using System.Security.Cryptography;
using BuildxPS.Engine.Images.Transfers;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Images;

public sealed class FakeLayoutCopyTests : FakeCopies
{
    [Theory]
    [InlineData("ingest")]
    [InlineData("blobs/sha256")]
    public async Task A_link_in_a_layout_leads_nothing_out_of_it(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there that tests may not have.");
        using var folder = new TemporaryFolder();
        AddApp();
        var outside = Directory.CreateDirectory(Path.Combine(folder.Path, "outside")).FullName;
        var layout = Path.Combine(folder.Path, "layout");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(layout, name))!);
        Directory.CreateSymbolicLink(Path.Combine(layout, name), outside);
        using var source = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await source.PlanAsync(Locate($"oci-layout://{layout}"), TestContext.Current.CancellationToken);
        Assert.Equal(BuildxFailure.DestinationNotWritable, (await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(copy))).Failure);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public async Task Several_copies_into_one_layout_at_once_all_arrive()
    {
        using var folder = new TemporaryFolder();
        From.AddImage("app", "1", "amd64", RandomNumberGenerator.GetBytes(2_000_000));
        var layout = Path.Combine(folder.Path, "layout");
        await Task.WhenAll(Enumerable.Range(1, 4).Select(async i =>
        {
            using var source = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
            await RunAsync(await source.PlanAsync(Locate($"oci-layout://{layout}:v{i}"), TestContext.Current.CancellationToken));
        }));
        foreach (var i in Enumerable.Range(1, 4))
        {
            using var back = await new ImageCopier(Client).OpenAsync(Locate($"oci-layout://{layout}:v{i}"), new CopyOptions(), TestContext.Current.CancellationToken);
            await RunAsync(await back.PlanAsync(Locate($"{To.Authority}/back:v{i}"), TestContext.Current.CancellationToken));
        }

        Assert.Empty(Directory.GetFiles(Path.Combine(layout, "ingest")));
    }

    [Theory]
    [InlineData("layout")]
    [InlineData("layout.tar")]
    public async Task An_image_goes_to_a_layout_and_back(string name)
    {
        using var folder = new TemporaryFolder();
        var index = AddApp();
        var signature = From.AddReferrer("app", index, "application/x-signature", "signed"u8.ToArray());
        var path = "oci-layout://" + Path.Combine(folder.Path, name);
        using (var source = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken))
        {
            await RunAsync(await source.PlanAsync(Locate(path + ":one"), TestContext.Current.CancellationToken));
        }

        Assert.Equal([name], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
        using var back = await new ImageCopier(Client).OpenAsync(Locate(path), new CopyOptions(), TestContext.Current.CancellationToken);
        Assert.Equal(index.Digest, back.Image.Digest);
        await RunAsync(await back.PlanAsync(Locate($"{To.Authority}/back:1"), TestContext.Current.CancellationToken));
        Assert.Equal(From.Manifests["app:1"].Bytes, To.Manifests["back:1"].Bytes);
        Assert.Contains($"back@{signature.Digest}", To.Manifests.Keys);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => new ImageCopier(Client).OpenAsync(Locate(path + ":two"), new CopyOptions(), TestContext.Current.CancellationToken));
        Assert.Equal(BuildxFailure.ImageNotFound, error.Failure);
        Assert.Contains("it has one.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_layout_goes_on_with_a_blob_that_was_cut_off_and_begins_a_wrong_one_again()
    {
        using var folder = new TemporaryFolder();
        var (first, second) = (RandomNumberGenerator.GetBytes(500_000), RandomNumberGenerator.GetBytes(500_000));
        From.AddImage("app", "1", "amd64", first, second);
        var layout = Path.Combine(folder.Path, "layout");
        var ingest = Directory.CreateDirectory(Path.Combine(layout, "ingest")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(ingest, $"copy-{FakeStore.DigestOf(first).Replace(':', '-')}-0"), first[..300_000], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(ingest, $"copy-{FakeStore.DigestOf(second).Replace(':', '-')}-0"), new byte[300_000], TestContext.Current.CancellationToken);
        using var source = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken);
        await RunAsync(await source.PlanAsync(Locate($"oci-layout://{layout}:1"), TestContext.Current.CancellationToken));
        foreach (var blob in new[] { first, second })
        {
            Assert.Equal(blob, await File.ReadAllBytesAsync(Path.Combine(layout, "blobs", "sha256", FakeStore.DigestOf(blob)[7..]), TestContext.Current.CancellationToken));
        }

        Assert.Equal("bytes=300000-", Assert.Single(From.Sent("GET", FakeStore.DigestOf(first))).Headers["Range"]);
        Assert.Empty(Directory.GetFiles(ingest));
    }

    [Fact]
    public async Task A_layout_that_is_damaged_is_not_pushed()
    {
        using var folder = new TemporaryFolder();
        AddApp();
        var layout = Path.Combine(folder.Path, "layout");
        using (var source = await new ImageCopier(Client).OpenAsync(Locate($"{From.Authority}/app:1"), new CopyOptions(), TestContext.Current.CancellationToken))
        {
            await RunAsync(await source.PlanAsync(Locate($"oci-layout://{layout}"), TestContext.Current.CancellationToken));
        }

        var blob = Path.Combine(layout, "blobs", "sha256", FakeStore.DigestOf([2, 2])[7..]);
        File.Delete(blob);
        await File.WriteAllBytesAsync(blob, [2, 3], TestContext.Current.CancellationToken);
        using var back = await new ImageCopier(Client).OpenAsync(Locate($"oci-layout://{layout}"), new CopyOptions(), TestContext.Current.CancellationToken);
        var copy = await back.PlanAsync(Locate($"{To.Authority}/back:1"), TestContext.Current.CancellationToken);
        Assert.Equal(BuildxFailure.DigestMismatch, (await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(copy))).Failure);
        Assert.DoesNotContain("back:1", To.Manifests.Keys);
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
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => new ImageCopier(Client).OpenAsync(
            Locate($"oci-layout://{Path.Combine(folder.Path, name)}"), new CopyOptions(), TestContext.Current.CancellationToken));
        Assert.Equal(failure, error.Failure);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }
}
