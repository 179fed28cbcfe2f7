using BuildxPS.Engine.Protocol.Content;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Sessions.Content;

public sealed class LayoutStoreTests : IDisposable
{
    private readonly TempFolder _folder = new TempFolder().Folder("layout/blobs/sha256");
    private readonly LayoutStore _store;
    private readonly FakeContentEngine _engine;

    public LayoutStoreTests()
    {
        _store = new LayoutStore(_folder["layout"]);
        _engine = new FakeContentEngine(("s", _store));
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    private string Blob(byte[] content, byte[]? actual = null)
    {
        var digest = FakeContentEngine.Digest(content);
        File.WriteAllBytes(PathOf(digest), actual ?? content);
        return digest;
    }

    private string PathOf(string digest) => _folder["layout/blobs/" + digest.Replace(':', '/')];

    private async Task<SessionStatusException> FailAsync(string digest, long offset = 0, long size = 0)
        => await Assert.ThrowsAsync<SessionStatusException>(() => _engine.ReadAsync(digest, offset, size));

    [Fact]
    public async Task Content_is_looked_up_listed_and_read()
    {
        var content = FakeContentEngine.Random(700_000);
        var digest = Blob(content);
        var empty = Blob([]);
        File.WriteAllText(_folder["layout/blobs/sha256/no-digest"], "x");

        var info = (await _engine.AskAsync("Info", new InfoRequest { Digest = digest }, InfoResponse.Parser)).Info;
        Assert.Equal((digest, 700_000), (info.Digest, info.Size));
        Assert.Equal(new[] { digest, empty }.Order(), (await _engine.AskAsync("List", new ListContentRequest(), ListContentResponse.Parser)).Info.Select(i => i.Digest).Order());
        Assert.Equal(content, await _engine.ReadAsync(digest));
        Assert.Empty(await _engine.ReadAsync(empty));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(5, 300_000)]
    [InlineData(699_999, 0)]
    [InlineData(700_000, 0)]
    [InlineData(0, long.MaxValue)]
    [InlineData(1, long.MaxValue)]
    [InlineData(-5, 3)]
    [InlineData(100, -1)]
    public async Task A_range_is_read(long offset, long size)
    {
        var content = FakeContentEngine.Random(700_000);
        var from = (int)Math.Max(0, offset);
        var length = size <= 0 ? content.Length - from : (int)Math.Min(size, content.Length - from);

        Assert.Equal(content[from..(from + length)], await _engine.ReadAsync(Blob(content), offset, size));
    }

    [Fact]
    public async Task A_range_behind_the_end_is_refused()
        => Assert.Equal(Grpc.Core.StatusCode.OutOfRange, (await FailAsync(Blob([1, 2, 3]), 4)).Code);

    [Fact]
    public async Task Ranges_in_any_order_and_side_by_side_are_read()
    {
        var content = FakeContentEngine.Random(1_000_000);
        var digest = Blob(content);
        var random = new Random(3);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            var from = random.Next(content.Length);
            var length = random.Next(1, content.Length - from + 1);
            Assert.Equal(content[from..(from + length)], await _engine.ReadAsync(digest, from, length));
        }));

        Assert.Empty(_engine.Failures);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(700_000)]
    public async Task A_damaged_blob_is_never_given_out_whole_and_is_named(int size)
    {
        var content = FakeContentEngine.Random(size);
        var damaged = content.ToArray();
        damaged[0] ^= 1;
        var digest = Blob(content, damaged);

        Assert.Equal(Grpc.Core.StatusCode.DataLoss, (await FailAsync(digest)).Code);
        Assert.Equal(Grpc.Core.StatusCode.DataLoss, (await FailAsync(digest, 0, 1)).Code);
        Assert.Equal(Grpc.Core.StatusCode.DataLoss, (await FailAsync(digest, size - 1)).Code);

        Assert.All(_engine.Failures, f => Assert.Equal(BuildxFailure.DigestMismatch, f.Failure));
        Assert.Contains(PathOf(digest), _engine.Failures[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_end_of_a_damaged_blob_is_not_given_out_without_its_beginning()
    {
        var content = FakeContentEngine.Random(700_000);
        var damaged = content.ToArray();
        damaged[0] ^= 1;

        Assert.Equal(Grpc.Core.StatusCode.DataLoss, (await FailAsync(Blob(content, damaged), 699_000, 1000)).Code);
    }

    [Fact]
    public async Task A_blob_that_shrinks_is_a_damaged_one()
    {
        var digest = Blob(FakeContentEngine.Random(700_000));
        await _engine.ReadAsync(digest, 0, 10);
        using (var file = File.OpenWrite(PathOf(digest)))
        {
            file.SetLength(1000);
        }

        var info = await _engine.AskAsync("Info", new InfoRequest { Digest = digest }, InfoResponse.Parser);
        Assert.Equal(1000, info.Info.Size);
        Assert.Equal(Grpc.Core.StatusCode.OutOfRange, (await FailAsync(digest, 10_000, 10)).Code);
        Assert.Equal(Grpc.Core.StatusCode.OK, await _engine.ReadAsync(digest, 0, 10).ContinueWith(_ => Grpc.Core.StatusCode.OK, TaskScheduler.Default));
    }

    [Fact]
    public async Task A_link_is_followed_if_it_leads_to_what_its_name_says()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Links need a privilege.");
        }

        var content = FakeContentEngine.Random(700_000);
        var digest = FakeContentEngine.Digest(content);
        File.WriteAllBytes(_folder["elsewhere"], content);
        File.CreateSymbolicLink(PathOf(digest), _folder["elsewhere"]);
        Assert.Equal(content[..10], await _engine.ReadAsync(digest, 0, 10));

        var other = FakeContentEngine.Digest([1]);
        File.WriteAllText(_folder["secret"], new string('x', 700_000));
        File.CreateSymbolicLink(PathOf(other), _folder["secret"]);
        Assert.Equal(Grpc.Core.StatusCode.DataLoss, (await FailAsync(other, 0, 1)).Code);
    }

    [Fact]
    public async Task What_is_no_file_is_not_there()
    {
        var digest = FakeContentEngine.Digest([7]);
        Directory.CreateDirectory(PathOf(digest));

        Assert.Equal(Grpc.Core.StatusCode.NotFound, (await FailAsync(digest)).Code);
    }
}
