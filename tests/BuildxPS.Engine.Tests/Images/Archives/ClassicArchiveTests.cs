using System.Formats.Tar;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Images.Archives;
using BuildxPS.Engine.Images.Manifests;
using CsCheck;

namespace BuildxPS.Engine.Tests.Images.Archives;

public sealed class ClassicArchiveTests
{
    private static readonly string[] s_platforms = ["linux/amd64", "linux/arm/v7"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_index_becomes_an_image_for_each_platform()
    {
        var (images, files) = await CopyAsync(Archive(s_platforms));
        var manifest = JsonNode.Parse(files["manifest.json"])!.AsArray();
        Assert.Equal(2, manifest.Count);
        foreach (var (image, entry) in images.Zip(manifest))
        {
            Assert.Equal([$"a:1-{image.Platform.ToString().Replace('/', '-')}"], entry!["RepoTags"]!.AsArray().Select(t => (string)t!));
            var config = files[(string)entry["Config"]!];
            Assert.Equal(image.Digest, Digests.Compute(config));
            Assert.Equal(image.Size, config.Length);
            Assert.Equal($"layer of {image.Platform}", Encoding.UTF8.GetString(files[(string)entry["Layers"]!.AsArray().Single()!]));
        }

        Assert.Equal(s_platforms, images.Select(i => i.Platform.ToString()));
        Assert.DoesNotContain("index.json", files.Keys);
        Assert.DoesNotContain("oci-layout", files.Keys);
    }

    [Fact]
    public async Task One_image_without_a_platform_has_that_of_its_config()
    {
        var (images, _) = await CopyAsync(Archive(["linux/arm64"], withIndex: false));
        Assert.Equal("linux/arm64", Assert.Single(images).Platform.ToString());
    }

    [Fact]
    public async Task Large_layers_pass_and_only_paths_of_blobs_do()
    {
        var noise = new byte[9_000_001];
        new Random(1).NextBytes(noise);
        var digest = "blobs/sha256/" + Digests.Compute(noise)["sha256:".Length..];
        var (_, files) = await CopyAsync(Archive(s_platforms, extra: [(digest, noise), ("../evil", [1]), ("blobs/sha256/../../evil", [1]), ("manifest.json", "[]"u8.ToArray())]));
        Assert.Equal(noise, files[digest]);
        Assert.DoesNotContain(files.Keys, k => k.Contains("evil", StringComparison.Ordinal));
        Assert.Equal(2, JsonNode.Parse(files["manifest.json"])!.AsArray().Count);
    }

    [Fact]
    public async Task A_document_that_is_not_what_its_digest_says_is_refused()
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(() => CopyAsync(Archive(s_platforms, damage: true)));
        Assert.Equal(BuildxFailure.DigestMismatch, failure.Failure);
    }

    [Fact]
    public async Task An_archive_without_its_documents_is_refused()
    {
        using var empty = new MemoryStream();
        await using (var writer = new TarWriter(empty, leaveOpen: true))
        {
        }

        empty.Position = 0;
        Assert.Equal(BuildxFailure.ProtocolViolation, (await Assert.ThrowsAsync<BuildxException>(() => CopyAsync(empty))).Failure);
    }

    [Fact]
    public void A_damaged_archive_is_read_or_refused_and_never_anything_else()
    {
        var archive = Archive(s_platforms).ToArray();
        Gen.Select(Gen.Int[0, archive.Length - 1], Gen.Byte, Gen.Int[0, archive.Length]).Sample(
            edit =>
            {
                var damaged = archive.ToArray();
                damaged[edit.Item1] = edit.Item2;
                try
                {
                    CopyAsync(new MemoryStream(damaged[..edit.Item3])).GetAwaiter().GetResult();
                }
                catch (BuildxException)
                {
                }
            },
            iter: 500);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(8_589_934_591)]
    [InlineData(8_589_934_592)]
    [InlineData(1_099_511_627_776)]
    public async Task A_head_says_how_many_bytes_follow(long size)
    {
        // The reader would look behind the content of a stream that can be sought in.
        await using var stream = PipeReader.Create(new MemoryStream([.. TarHeader.Create("blobs/x", size), .. new byte[1024]])).AsStream();
        using var reader = new TarReader(stream);
        var entry = (await reader.GetNextEntryAsync(copyData: false, Token))!;
        Assert.Equal(("blobs/x", size), (entry.Name, entry.Length));
        Assert.Equal(0, (size + TarHeader.PaddingOf(size)) % 512);
    }

    private static async Task<(IReadOnlyList<BuiltImage> Images, Dictionary<string, byte[]> Files)> CopyAsync(MemoryStream archive)
    {
        using var output = new MemoryStream();
        var images = await new ClassicArchive(output, (platform, _) => [ImageReference.Parse("a:1-" + platform.ToString().Replace('/', '-'))]).CopyAsync(archive, Token);
        output.Position = 0;
        var files = new Dictionary<string, byte[]>();
        using var reader = new TarReader(output);
        while (await reader.GetNextEntryAsync(copyData: true, Token) is { } entry)
        {
            var content = new MemoryStream();
            if (entry.DataStream is { } data)
            {
                await data.CopyToAsync(content, Token);
            }

            files[entry.Name] = content.ToArray();
        }

        return (images, files);
    }

    /// <summary>An archive as engines write it: blobs by name, then index.json.</summary>
    private static MemoryStream Archive(string[] platforms, bool withIndex = true, (string Name, byte[] Content)[]? extra = null, bool damage = false)
    {
        var blobs = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var manifests = platforms.Select(text =>
        {
            var platform = Platform.Parse(text);
            var layer = Add(Encoding.UTF8.GetBytes("layer of " + text), "application/vnd.oci.image.layer.v1.tar");
            var config = Add(Json(new JsonObject { ["os"] = platform.OS, ["architecture"] = platform.Architecture, ["variant"] = platform.Variant }), MediaTypes.OciConfig);
            var manifest = Add(Json(new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = MediaTypes.OciManifest, ["config"] = config, ["layers"] = new JsonArray(layer) }), MediaTypes.OciManifest);
            if (withIndex)
            {
                manifest["platform"] = new JsonObject { ["os"] = platform.OS, ["architecture"] = platform.Architecture, ["variant"] = platform.Variant };
            }

            return manifest;
        }).ToList();
        if (withIndex)
        {
            // Attestations are no images.
            var statement = Add(Json(new JsonObject { ["schemaVersion"] = 2 }), MediaTypes.OciManifest);
            statement["platform"] = new JsonObject { ["os"] = "unknown", ["architecture"] = "unknown" };
            statement["annotations"] = new JsonObject { ["vnd.docker.reference.type"] = "attestation-manifest", ["vnd.docker.reference.digest"] = (string)manifests[0]["digest"]! };
            manifests = [Add(Json(new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = MediaTypes.OciIndex, ["manifests"] = new JsonArray([.. manifests, statement]) }), MediaTypes.OciIndex)];
        }

        var index = Json(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray([.. manifests]) });
        if (damage)
        {
            var config = blobs.First(b => Encoding.UTF8.GetString(b.Value).Contains("\"layers\"", StringComparison.Ordinal));
            config.Value[^1] = (byte)' ';
        }

        var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "blobs/"));
            foreach (var (name, content) in blobs.Select(b => (b.Key, b.Value)).Concat(extra ?? []).Append(("index.json", index)).Append(("oci-layout", "{}"u8.ToArray())))
            {
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }

        archive.Position = 0;
        return archive;

        JsonObject Add(byte[] content, string mediaType)
        {
            var digest = Digests.Compute(content);
            blobs["blobs/" + digest.Replace(':', '/')] = content;
            return new JsonObject { ["mediaType"] = mediaType, ["digest"] = digest, ["size"] = content.Length };
        }
    }

    private static byte[] Json(JsonObject json) => JsonSerializer.SerializeToUtf8Bytes(json);
}
