using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Content;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Sessions.Files;
using static BuildxPS.Engine.Tests.Sessions.Content.FakeContentCall;

namespace BuildxPS.Engine.Tests.Sessions.Content;

public sealed class LayoutOutputTests : IDisposable
{
    private static readonly byte[] s_content = FakeContentEngine.Random(250_000);
    private static readonly string s_digest = FakeContentEngine.Digest(s_content);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Layout => _folder["layout"];

    private static LayoutRoot Root(string digest, long size = 5)
        => LayoutRoot.TryParse($$"""{"mediaType":"application/x","digest":"{{digest}}","size":{{size}}}""")!;

    private string PathOf(string digest) => Path.Join(Layout, "blobs", digest.Replace(':', '/'));

    private static Task CommitAsync(LayoutOutput output, string digest, params LayoutName[] names)
        => output.CommitAsync(Root(digest), names, reset: false, TestContext.Current.CancellationToken);

    private async Task WriteLayoutAsync(byte[] content, string tag)
    {
        await using var output = new LayoutOutput(Layout);
        await new FakeContentEngine(("s", output)).WriteAsync(content);
        await CommitAsync(output, FakeContentEngine.Digest(content), LayoutName.Tag(tag));
    }

    private string[] Entries() => [.. Directory.EnumerateFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(_folder.Path, p)).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task A_layout_appears_whole_at_the_end()
    {
        await using (var output = new LayoutOutput(Layout))
        {
            await new FakeContentEngine(("s", output)).WriteAsync(s_content);
            Assert.False(Path.Exists(Layout));
            Assert.NotNull(output.Find(ContentDigest.TryParse(s_digest, out var digest) ? digest : null!));
            await CommitAsync(output, s_digest, LayoutName.Image("docker.io/library/a:b"), LayoutName.Tag("t"));
        }

        Assert.Equal(
            ["layout", "layout/blobs", "layout/blobs/sha256", "layout/blobs/" + s_digest.Replace(':', '/'), "layout/index.json", "layout/ingest", "layout/oci-layout"],
            Entries());
        Assert.Equal(s_content, File.ReadAllBytes(PathOf(s_digest)));
        Assert.Equal("""{"imageLayoutVersion":"1.0.0"}""", File.ReadAllText(Path.Join(Layout, "oci-layout")));
        Assert.Equal(
            $$$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/x","digest":"{{{s_digest}}}","size":5,"annotations":{"io.containerd.image.name":"docker.io/library/a:b","org.opencontainers.image.ref.name":"b"}},{"mediaType":"application/x","digest":"{{{s_digest}}}","size":5,"annotations":{"org.opencontainers.image.ref.name":"t"}}]}""",
            File.ReadAllText(Path.Join(Layout, "index.json")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(PathOf(s_digest)) & (UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite));
        }
    }

    [Fact]
    public async Task A_layout_that_is_there_keeps_what_it_has()
    {
        await WriteLayoutAsync([1, 2, 3], "old");
        await WriteLayoutAsync([4], "other");
        var index = Path.Join(Layout, "index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace("\"manifests\"", "\"future\":{\"a\":[1]},\"manifests\"", StringComparison.Ordinal));

        await WriteLayoutAsync(s_content, "old");

        var text = File.ReadAllText(index);
        Assert.Contains("\"future\":{\"a\":[1]}", text, StringComparison.Ordinal);
        Assert.Equal(1, text.Split("\"old\"").Length - 1);
        Assert.Contains(FakeContentEngine.Digest([4]), text, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeContentEngine.Digest([1, 2, 3]), text, StringComparison.Ordinal);
        Assert.Equal(3, Directory.EnumerateFiles(Path.Join(Layout, "blobs/sha256")).Count());
        Assert.DoesNotContain(Entries(), e => e.Contains(Staging.Prefix, StringComparison.Ordinal) || e.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_commit_the_folder_is_as_it_was()
    {
        await WriteLayoutAsync([1], "old");
        Directory.Delete(Path.Join(Layout, "ingest"));
        var before = Entries();
        await using (var output = new LayoutOutput(Layout))
        {
            var engine = new FakeContentEngine(("s", output));
            await engine.WriteAsync(s_content);
            using var call = engine.Call("Write");
            await call.SendAsync(Write(0, "unfinished", 10));
            await call.AnswerAsync();
        }

        Assert.Equal(before, Entries());
    }

    [Fact]
    public async Task A_write_goes_on_where_it_stopped()
    {
        await using var output = new LayoutOutput(Layout);
        var engine = new FakeContentEngine(("s", output));
        using (var call = engine.Call("Write"))
        {
            await call.SendAsync(Write(0, "r", s_content.Length, s_digest));
            await call.AnswerAsync();
            await call.SendAsync(Write(1, data: s_content[..100_000]));
            await call.AnswerAsync();
            Assert.Equal(Grpc.Core.StatusCode.Unavailable, await OpenAsync(engine, "r"));
            Assert.Equal(Grpc.Core.StatusCode.Unavailable, await engine.RefusedAsync("Abort", new AbortRequest { Ref = "r" }));
            await call.Raw.EngineOutput.CompleteAsync();
            await call.Ended.WaitAsync(FakeContentEngine.Guard);
        }

        var status = (await engine.AskAsync("Status", new StatusRequest { Ref = "r" }, StatusResponse.Parser)).Status;
        Assert.Equal((100_000, s_content.Length), (status.Offset, status.Total));
        Assert.Single((await engine.AskAsync("ListStatuses", new ListStatusesRequest(), ListStatusesResponse.Parser)).Statuses);
        await engine.WriteAsync(s_content, "r");
        Assert.Empty((await engine.AskAsync("ListStatuses", new ListStatusesRequest(), ListStatusesResponse.Parser)).Statuses);
        await CommitAsync(output, s_digest, LayoutName.Tag("t"));
        Assert.Equal(s_content, File.ReadAllBytes(PathOf(s_digest)));
    }

    [Fact]
    public async Task A_write_can_start_again_and_be_thrown_away()
    {
        await using var output = new LayoutOutput(Layout);
        var engine = new FakeContentEngine(("s", output));
        using (var call = engine.Call("Write"))
        {
            await call.SendAsync(Write(1, "r", s_content.Length, s_digest, data: [9, 9, 9]));
            Assert.Equal(3, (await call.AnswerAsync()).Offset);
            await call.SendAsync(Write(1, data: s_content));
            Assert.Equal(s_content.Length, (await call.AnswerAsync()).Offset);
            await call.Raw.EngineOutput.CompleteAsync();
            await call.Ended.WaitAsync(FakeContentEngine.Guard);
        }

        await engine.AskAsync("Abort", new AbortRequest { Ref = "r" }, AbortResponse.Parser);
        Assert.Equal(Grpc.Core.StatusCode.NotFound, await engine.RefusedAsync("Status", new StatusRequest { Ref = "r" }));
    }

    [Fact]
    public async Task What_is_there_is_not_written_again_unless_its_size_is_wrong()
    {
        await WriteLayoutAsync(s_content, "t");
        await using var output = new LayoutOutput(Layout);
        var engine = new FakeContentEngine(("s", output));

        Assert.Equal(Grpc.Core.StatusCode.AlreadyExists, await OpenAsync(engine, "r", s_content.Length, s_digest));

        File.Delete(PathOf(s_digest));
        File.WriteAllBytes(PathOf(s_digest), s_content[..10]);
        await engine.WriteAsync(s_content);
        await CommitAsync(output, s_digest, LayoutName.Tag("t"));
        Assert.Equal(s_content, File.ReadAllBytes(PathOf(s_digest)));
    }

    [Fact]
    public async Task A_blob_that_was_promised_and_is_gone_fails_the_commit()
    {
        await WriteLayoutAsync(s_content, "t");
        await using var output = new LayoutOutput(Layout);
        var engine = new FakeContentEngine(("s", output));
        await OpenAsync(engine, "r", s_content.Length, s_digest);
        await engine.WriteAsync([1, 2]);
        File.Delete(PathOf(s_digest));

        var failure = await Assert.ThrowsAsync<BuildxException>(() => CommitAsync(output, FakeContentEngine.Digest([1, 2]), LayoutName.Tag("t")));

        Assert.Contains(s_digest, failure.Message, StringComparison.Ordinal);
        Assert.Contains(s_digest, File.ReadAllText(Path.Join(Layout, "index.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_root_that_was_not_written_gets_no_name()
    {
        await using var output = new LayoutOutput(Layout);
        await new FakeContentEngine(("s", output)).WriteAsync([1]);

        Assert.Equal(BuildxFailure.ProtocolViolation, (await Assert.ThrowsAsync<BuildxException>(() => CommitAsync(output, s_digest, LayoutName.Tag("t")))).Failure);
    }

    [Fact]
    public async Task Builds_take_turns_with_the_index_and_none_is_lost()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => WriteLayoutAsync([(byte)i], $"t{i}"))));

        var index = File.ReadAllText(Path.Join(Layout, "index.json"));
        Assert.All(Enumerable.Range(0, 8), i => Assert.Contains($"\"t{i}\"", index, StringComparison.Ordinal));
        Assert.Equal(8, Directory.EnumerateFiles(Path.Join(Layout, "blobs/sha256")).Count());
        Assert.DoesNotContain(Entries(), e => e.Contains(Staging.Prefix, StringComparison.Ordinal) || e.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_lock_of_another_program_is_waited_for()
    {
        await WriteLayoutAsync([1], "old");
        var other = FileLock.TryTake(Path.Join(Layout, "index.json.lock"))!;

        var waiting = WriteLayoutAsync([2], "new");
        Assert.False(waiting.IsCompleted);
        other.Dispose();

        await waiting.WaitAsync(FakeContentEngine.Guard);
        Assert.Contains("\"new\"", File.ReadAllText(Path.Join(Layout, "index.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_build_left_is_removed_and_what_a_living_one_has_stays()
    {
        await WriteLayoutAsync([1], "old");
        _folder.File($"layout/ingest/{Staging.Prefix}dead/unfinished/1", "x");
        StagingOwner.TryMark(_folder[$"layout/ingest/{Staging.Prefix}dead"], IFileSystem.Current)!.Dispose();
        _folder.File("layout/ingest/0123/data", "another program's");
        await using var living = new LayoutOutput(Layout);
        await new FakeContentEngine(("s", living)).WriteAsync([2]);

        await WriteLayoutAsync([3], "new");

        Assert.False(Path.Exists(_folder[$"layout/ingest/{Staging.Prefix}dead"]));
        Assert.True(Path.Exists(_folder["layout/ingest/0123/data"]));
        await CommitAsync(living, FakeContentEngine.Digest([2]), LayoutName.Tag("living"));
        Assert.True(File.Exists(PathOf(FakeContentEngine.Digest([2]))));
    }

    [Theory]
    [InlineData("layout/blobs")]
    [InlineData("layout/ingest")]
    [InlineData("layout/blobs/sha256")]
    public async Task A_link_in_the_folder_is_not_followed(string link)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Links need a privilege.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(_folder[link])!);
        Directory.CreateDirectory(_folder["outside"]);
        File.CreateSymbolicLink(_folder[link], _folder["outside"]);

        await Assert.ThrowsAnyAsync<Exception>(() => WriteLayoutAsync(s_content, "t"));

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["outside"]));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{\"manifests\":{}}")]
    [InlineData("{\"manifests\":[],\"manifests\":[]}")]
    public void A_damaged_index_is_found_before_the_build(string text)
    {
        _folder.File("layout/index.json", text);

        var failure = Assert.Throws<BuildxException>(() => LayoutOutput.CheckWritable(Layout));

        Assert.Equal(BuildxFailure.LayoutInvalid, failure.Failure);
        Assert.Contains("index.json", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_no_place_for_a_layout()
    {
        _folder.File("layout", "x");

        Assert.Equal(BuildxFailure.DestinationNotWritable, Assert.Throws<BuildxException>(() => LayoutOutput.CheckWritable(Layout)).Failure);
    }

    private static async Task<Grpc.Core.StatusCode> OpenAsync(FakeContentEngine engine, string reference, long total = 1, string expected = "")
    {
        using var call = engine.Call("Write");
        await call.SendAsync(Write(0, reference, total, expected));
        return (await Assert.ThrowsAsync<SessionStatusException>(() => call.Ended.WaitAsync(FakeContentEngine.Guard))).Code;
    }
}
