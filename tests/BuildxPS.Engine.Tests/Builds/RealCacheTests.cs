using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Caches written by real engines, and read by others that never ran the step: by this module and by docker buildx.</summary>
public sealed class RealCacheTests : IDisposable
{
    private const string Dockerfile = "FROM alpine\nRUN STEP\nCOPY a.txt /\nRUN cat /step /a.txt\n";

    private static readonly string[] s_readers = ["d28", "d28c"];

    private readonly ContentFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private BuildRequest Request(string[] from, string[] to, params string[] outputs)
        => _fixture.Request(Dockerfile, outputs.Length == 0 ? ["type=cacheonly"] : outputs) with
        {
            CacheFrom = [.. from.Select(CacheSpec.Parse)],
            CacheTo = [.. to.Select(CacheSpec.Parse)],
        };

    [Fact]
    public async Task A_local_cache_of_one_engine_spares_another_the_step()
    {
        var folder = _fixture.Out("cache é,100%");
        var written = await _fixture.BuildAsync("bkd", Request([], [$"\"type=local\",\"dest={folder}\",mode=max"]));
        Assert.False(_fixture.IsCached(written));
        Assert.Contains("cache.manifest", written.Metadata.Keys);
        Assert.Empty(written.Warnings);
        Assert.Equal(["blobs", "index.json", "ingest", "oci-layout"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(folder, "ingest")));

        var read = await _fixture.BuildAsync("d28", Request([$"type=local,\"src={folder}\""], []));
        Assert.True(_fixture.IsCached(read));
        Assert.Empty(read.Warnings);
        Assert.Empty(_fixture.Leftovers());
    }

    [Fact]
    public async Task What_this_module_writes_buildx_reads()
    {
        var folder = _fixture.Out("cache");
        await _fixture.BuildAsync("bkd", Request([], [$"type=local,dest={folder},mode=max"]));

        foreach (var reader in s_readers)
        {
            var output = await _fixture.BuildxAsync(reader, [], "--cache-from", $"type=local,src={folder}");
            Assert.Matches($@"(?ms)^#(\d+) \[2/4\] RUN {_fixture.Step}$.*^#\1 CACHED", output);
        }
    }

    [Fact]
    public async Task What_buildx_writes_this_module_reads()
    {
        var folder = _fixture.Out("cache");
        _ = Request([], []);
        await _fixture.BuildxAsync("bkd", [], "--cache-to", $"type=local,dest={folder},mode=max,tag=other");

        foreach (var reader in s_readers)
        {
            var read = await _fixture.BuildAsync(reader, Request([$"type=local,src={folder},tag=other"], []));
            Assert.True(_fixture.IsCached(read));
            Assert.Empty(read.Warnings);
        }
    }

    [Fact]
    public async Task The_folder_is_laid_out_as_buildx_lays_it_out()
    {
        // What the engine writes differs from build to build: it holds times, and records of other builds of that moment.
        var request = Request([], [$"type=local,dest={_fixture.Out("ours")},mode=max", $"type=local,dest={_fixture.Out("min")},tag=t"]);
        _ = _fixture.Request("FROM alpine AS first\nRUN STEP\nFROM alpine\nCOPY --from=first /step /\n");
        await _fixture.BuildAsync("bkd", request);
        await _fixture.BuildxAsync("bkd", [], "--cache-to", $"type=local,dest={_fixture.Out("theirs")},mode=max");

        Assert.Equal(Shape("theirs"), Shape("ours"));
        Assert.NotEqual(Root("min"), Root("ours"));
        Assert.True(File.Exists(Path.Join(_fixture.Out("min"), "blobs", Root("min").Replace(':', '/'))));
    }

    [Fact]
    public async Task A_cache_is_written_to_the_folder_that_it_is_read_from_and_keeps_other_tags()
    {
        var folder = _fixture.Out("cache");
        string[] from = [$"type=local,src={folder}"], to = [$"type=local,dest={folder},mode=max"];
        await _fixture.BuildAsync("bkd", Request(from, to));
        var before = Directory.EnumerateFiles(Path.Join(folder, "blobs", "sha256")).ToList();

        var again = await _fixture.BuildAsync("d28", Request(from, [to[0] + ",tag=second"]));

        Assert.True(_fixture.IsCached(again));
        Assert.Empty(again.Warnings);
        Assert.All(before, f => Assert.True(File.Exists(f)));
        var names = File.ReadAllText(Path.Join(folder, "index.json"));
        Assert.Contains("\"org.opencontainers.image.ref.name\":\"latest\"", names, StringComparison.Ordinal);
        Assert.Contains("\"org.opencontainers.image.ref.name\":\"second\"", names, StringComparison.Ordinal);
        Assert.Empty(_fixture.Leftovers());
    }

    [Fact]
    public async Task A_reset_removes_what_no_name_leads_to()
    {
        var folder = _fixture.Out("cache");
        await _fixture.BuildAsync("bkd", Request([], [$"type=local,dest={folder},mode=max"]));
        var old = Directory.EnumerateFiles(Path.Join(folder, "blobs", "sha256")).ToHashSet();
        using var other = new ContentFixture();

        await other.BuildAsync("bkd", other.Request("FROM alpine\nRUN STEP\n", "type=cacheonly") with { CacheTo = [CacheSpec.Parse($"type=local,dest={folder},reset=true")] });

        var now = Directory.EnumerateFiles(Path.Join(folder, "blobs", "sha256")).ToHashSet();
        Assert.True(now.Overlaps(old), "the base image's layer is part of both");
        Assert.Contains(old, f => !now.Contains(f));
    }

    [Fact]
    public async Task A_cache_in_a_registry_and_one_in_an_image_are_read_by_another_engine()
    {
        var repository = $"{TestEngines.Registry("plain")}/cache/{Guid.NewGuid():N}";
        var request = Request([], [$"type=registry,ref={repository}:cache,mode=max", "type=inline"]) with
        {
            Tags = [ImageReference.Parse(repository + ":image")],
            Outputs = [],
            Push = true,
        };
        Assert.Empty((await _fixture.BuildAsync("bkd", request)).Warnings);

        Assert.True(_fixture.IsCached(await _fixture.BuildAsync("d28", Request([repository + ":cache"], []))));
        Assert.True(_fixture.IsCached(await _fixture.BuildAsync("d28c", Request([repository + ":image"], []))));
    }

    [Fact]
    public async Task A_cache_that_is_not_there_is_a_warning()
    {
        var folder = _fixture.Out("empty");
        Directory.CreateDirectory(folder);
        var result = await _fixture.BuildAsync("bkd", Request(
            [$"type=local,src={_fixture.Out("nothere")}", $"type=local,src={folder},tag=x", $"{TestEngines.Registry("plain")}/cache/nothere"], []));

        Assert.False(_fixture.IsCached(result));
        Assert.Equal(
            [$"'{_fixture.Out("nothere")}' does not exist.", $"'{folder}' holds no cache 'x'.", "not found"],
            result.Warnings.Select(w => w.Message).Zip([": ", ": ", null], (m, cut) => cut is null ? m[^9..] : m[(m.LastIndexOf(cut, StringComparison.Ordinal) + 2)..]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_damaged_cache_is_a_warning_that_names_the_blob()
    {
        var folder = _fixture.Out("cache");
        await _fixture.BuildAsync("bkd", Request([], [$"type=local,dest={folder},mode=max"]));
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Join(folder, "index.json")))!["manifests"]![0]!["digest"]!.GetValue<string>();
        var blob = Damage(Path.Join(folder, "blobs", manifest.Replace(':', '/')));

        var result = await _fixture.BuildAsync("d28", Request([$"type=local,src={folder}"], []));

        Assert.False(_fixture.IsCached(result));
        Assert.Contains(blob, Assert.Single(result.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_classic_store_is_refused_before_the_build()
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(() => _fixture.BuildAsync("d28c", Request([], [$"type=local,dest={_fixture.Out("cache")}"])));

        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains("classic image store", failure.Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(_fixture.Out("cache")));
    }

    [Fact]
    public async Task A_build_that_fails_leaves_no_cache()
    {
        var request = _fixture.Request("FROM alpine\nRUN STEP\nRUN exit 3\n", "type=cacheonly") with { CacheTo = [CacheSpec.Parse($"type=local,dest={_fixture.Out("cache")}")] };

        await Assert.ThrowsAsync<BuildFailedException>(() => _fixture.BuildAsync("bkd", request));

        Assert.False(Path.Exists(_fixture.Out("cache")));
        Assert.Empty(_fixture.Leftovers());
    }

    private string Root(string name)
        => System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Join(_fixture.Out(name), "index.json")))!["manifests"]![0]!["digest"]!.GetValue<string>();

    /// <summary>Everything about a cache folder but the digests and sizes of what the engine wrote.</summary>
    private string Shape(string name)
    {
        var index = System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(_fixture.Out(name + "/index.json")), "sha256:[0-9a-f]{64}|\"size\":[0-9]+", "*");
        var blobs = new DirectoryInfo(_fixture.Out(name + "/blobs/sha256")).EnumerateFiles().Select(f => f.UnixFileMode).Distinct();
        var tree = new DirectoryInfo(_fixture.Out(name)).EnumerateFileSystemInfos("*").OrderBy(e => e.Name, StringComparer.Ordinal).Select(e => $"{e.Name} {e.UnixFileMode}");
        return string.Join('\n', [index, File.ReadAllText(_fixture.Out(name + "/oci-layout")), .. blobs.Select(m => m.ToString()), .. tree]);
    }

    internal static string Damage(string blob)
    {
        var bytes = File.ReadAllBytes(blob);
        bytes[^1] ^= 1;
        File.Delete(blob);
        File.WriteAllBytes(blob, bytes);
        return blob;
    }
}
