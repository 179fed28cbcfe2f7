using System.IO.Compression;
using System.Text;
using BuildxPS.Engine.Builds.Contexts;

namespace BuildxPS.Engine.Tests.Builds.Contexts;

/// <summary>Contexts and Dockerfiles that come as streams and texts, on real engines.</summary>
public sealed class RealArchiveTests : IDisposable
{
    private readonly ContextBuild _build = new();

    public void Dispose() => _build.Dispose();

    public static TheoryData<string> Engines => ["d20", "d28", "bkd"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<BuildRequest> ReadAsync(Func<Stream> open, bool canReopen = true)
        => ContextInput.ReadAsync(new BuildRequest { ContextPath = "" }, "The input", open, canReopen, Token);

    private static BuildRequest Take(BuildRequest request, BuildRequest read) => request with { ContextArchive = read.ContextArchive, DockerfileText = read.DockerfileText };

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_archive_is_unpacked_by_the_engine(string engine)
    {
        var tar = _build.WriteTar("context.tar");
        var read = await ContextInput.ReadFileAsync(new BuildRequest { ContextPath = "" }, tar, Token);
        Assert.Contains("a.txt=main", await _build.RunAsync(engine, r => Take(r, read)), StringComparison.Ordinal);
        Assert.Equal("other.txt=main", await _build.RunAsync(engine, r => Take(r, read) with { DockerfilePath = "other.Dockerfile" }));
        var elsewhere = _build.Write("elsewhere/File", $"FROM scratch\nCOPY sub/sub.txt /{_build.Mark}/\n");
        Assert.Equal("sub.txt=below", await _build.RunAsync(engine, r => Take(r, read) with { DockerfilePath = elsewhere }));
        Assert.Equal("sub.txt=below", await _build.RunAsync(engine, r => Take(r, read) with { DockerfileText = File.ReadAllText(elsewhere) }));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_compressed_archive_may_come_from_a_stream_that_is_read_once(string engine)
    {
        await using var stream = File.OpenRead(_build.WriteTar("context.tar.gz", s => new GZipStream(s, CompressionLevel.Fastest)));
        var read = await ReadAsync(() => stream, canReopen: false);
        Assert.Contains("a.txt=main", await _build.RunAsync(engine, r => Take(r, read)), StringComparison.Ordinal);
        var again = await _build.FailAsync(engine, r => Take(r, read));
        Assert.Equal(BuildxFailure.BuildContextUnreadable, again.Failure);
        Assert.Contains("read before", again.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_text_is_built_without_a_context_and_with_one(string engine)
    {
        var text = $"FROM scratch\nCOPY . /{_build.Mark}/\n";
        var read = await ReadAsync(() => new MemoryStream(Encoding.UTF8.GetBytes(text)));
        Assert.Equal("", await _build.RunAsync(engine, r => Take(r, read)));
        _build.Write("small/in.txt", "in");
        _build.Write("small/out.txt", "out");
        _build.Write("small/.dockerignore", "out.txt\n.dockerignore\n");
        var small = Path.Join(_build.Served, "small");
        Assert.Equal("in.txt=in", await _build.RunAsync(engine, r => r with { ContextPath = small, DockerfileText = text }));
        // Of the same length as the one before, and another.
        Assert.Equal("x/in.txt=in", await _build.RunAsync(engine, r => r with { ContextPath = small, DockerfileText = text.Replace("FROM scratch\nCOPY . /", "FROM scratch\nCOPY . /x/", StringComparison.Ordinal) }));
    }

    [Fact]
    public async Task An_ignore_file_beside_a_Dockerfile_elsewhere_counts()
    {
        _build.Write("small/in.txt", "in");
        _build.Write("small/out.txt", "out");
        var dockerfile = _build.Write("elsewhere/File", $"FROM scratch\nCOPY . /{_build.Mark}/\n");
        _build.Write("elsewhere/File.dockerignore", "out.txt\n");
        Assert.Equal("in.txt=in", await _build.RunAsync("d28", r => r with { ContextPath = Path.Join(_build.Served, "small"), DockerfilePath = dockerfile }));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_archive_cut_short_is_named(string engine)
    {
        _build.Write("main/large.bin", new string('x', 300_000));
        var whole = await File.ReadAllBytesAsync(_build.WriteTar("context.tar.gz", s => new GZipStream(s, CompressionLevel.NoCompression)), Token);
        var read = await ReadAsync(() => new MemoryStream(whole, 0, whole.Length / 2));
        var failure = await _build.FailAsync(engine, r => Take(r, read));
        Assert.True(failure.Failure == BuildxFailure.BuildContextInvalid, failure.ToString());
        Assert.StartsWith("The input cannot be unpacked", failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_stream_that_breaks_off_is_named(string engine)
    {
        _build.Write("main/large.bin", new string('x', 3_000_000));
        var stream = new BreakingStream(File.OpenRead(_build.WriteTar("context.tar")));
        var read = await ReadAsync(() => stream, canReopen: false);
        var failure = await _build.FailAsync(engine, r => Take(r, read));
        Assert.True(failure.Failure == BuildxFailure.BuildContextUnreadable, failure.ToString());
        Assert.Contains("the disk was pulled out", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task A_wrong_line_of_a_text_is_shown(string engine)
    {
        var failure = await _build.FailAsync(engine, r => r with { DockerfileText = $"FROM scratch\nCOPY {_build.Mark} /\n" });
        Assert.Equal(BuildxFailure.SourceFileNotFound, failure.Failure);
        Assert.Equal(2, Assert.Single(Assert.IsAssignableFrom<BuildFailedException>(failure).Sources).FirstLine);
    }

    /// <summary>A file that fails after a megabyte.</summary>
    private sealed class BreakingStream(FileStream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
            => inner.Position < 1_000_000 ? inner.Read(buffer, offset, count) : throw new IOException("the disk was pulled out");

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
