using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Contexts;

public sealed class ContextInputTests
{
    private static readonly BuildRequest s_request = new() { ContextPath = "" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Tar(TarEntryFormat format, string name = "Dockerfile")
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, format, leaveOpen: true))
        {
            TarEntry entry = format switch
            {
                TarEntryFormat.V7 => new V7TarEntry(TarEntryType.V7RegularFile, name),
                TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, name),
                TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name),
                _ => new PaxTarEntry(TarEntryType.RegularFile, name),
            };
            entry.DataStream = new MemoryStream("FROM scratch\n"u8.ToArray());
            writer.WriteEntry(entry);
        }

        return stream.ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return stream.ToArray();
    }

    private static Task<BuildRequest> ReadAsync(byte[] bytes, BuildRequest? request = null)
        => ContextInput.ReadAsync(request ?? s_request, "The input", () => new MemoryStream(bytes), canReopen: true, Token);

    private static async Task<byte[]> ContentAsync(ContextArchive archive)
    {
        await using var stream = archive.OpenRead();
        var all = new MemoryStream();
        await stream.CopyToAsync(all, Token);
        return all.ToArray();
    }

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    public async Task An_archive_is_passed_on_as_it_is(TarEntryFormat format)
    {
        var bytes = Tar(format);
        var archive = (await ReadAsync(bytes)).ContextArchive!;
        Assert.Equal(bytes, await ContentAsync(archive));
        Assert.Equal(bytes, await ContentAsync(archive));
    }

    [Theory]
    [InlineData(TarEntryFormat.Pax, 0)]
    [InlineData(TarEntryFormat.Gnu, 150)]
    public async Task An_archive_that_engines_would_take_for_a_Dockerfile_gets_a_block_before_it(TarEntryFormat format, int nameLength)
    {
        var bytes = Tar(format, nameLength == 0 ? "Dockerfile" : new string('a', nameLength));
        var sent = await ContentAsync((await ReadAsync(bytes)).ContextArchive!);
        Assert.Equal(bytes, sent[1024..]);
        Assert.Equal((byte)'g', sent[156]);
        using var reader = new TarReader(new MemoryStream(sent));
        var first = Assert.IsType<PaxGlobalExtendedAttributesTarEntry>(await reader.GetNextEntryAsync(cancellationToken: Token));
        Assert.Equal("bxp", first.GlobalExtendedAttributes["comment"]);
        Assert.NotNull(await reader.GetNextEntryAsync(cancellationToken: Token));
    }

    [Fact]
    public async Task Compressed_archives_are_known_by_their_first_bytes()
    {
        foreach (byte[] bytes in new[] { Gzip(Tar(TarEntryFormat.Pax)), "BZh91AY"u8.ToArray(), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0] })
        {
            Assert.Equal(bytes, await ContentAsync((await ReadAsync(bytes)).ContextArchive!));
        }
    }

    [Theory]
    [InlineData("FROM scratch\n")]
    [InlineData("\uFEFFFROM scratch\n# Größe\n")]
    public async Task Text_is_the_Dockerfile(string text)
    {
        var request = await ReadAsync(Encoding.UTF8.GetBytes(text));
        Assert.Equal((null, text), (request.ContextArchive, request.DockerfileText));
        var padded = text + new string('#', 5000);
        Assert.Equal(padded, (await ReadAsync(Encoding.UTF8.GetBytes(padded))).DockerfileText);
    }

    [Theory]
    [InlineData(new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 1 }, BuildxFailure.BuildContextInvalid, "zstd")]
    [InlineData(new byte[] { (byte)'P', (byte)'K', 3, 4, 0 }, BuildxFailure.BuildContextInvalid, "zip")]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'F', 0 }, BuildxFailure.BuildContextInvalid, "neither")]
    [InlineData(new byte[] { 0xC3, 0x28 }, BuildxFailure.BuildContextInvalid, "neither")]
    [InlineData(new byte[0], BuildxFailure.ArgumentInvalid, "empty")]
    public async Task What_is_neither_is_refused(byte[] bytes, BuildxFailure expected, string part)
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(() => ReadAsync(bytes));
        Assert.Equal(expected, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    [Fact]
    public async Task An_archive_of_nothing_and_a_text_without_end_are_refused()
    {
        Assert.Contains("neither", (await Assert.ThrowsAsync<BuildxException>(() => ReadAsync(new byte[1024]))).Message, StringComparison.Ordinal);
        var endless = Enumerable.Repeat((byte)'#', RemoteDockerfile.MaxBytes + 1).ToArray();
        Assert.Contains("2 MiB", (await Assert.ThrowsAsync<BuildxException>(() => ReadAsync(endless))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_Dockerfile_is_refused()
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(() => ReadAsync("FROM scratch"u8.ToArray(), s_request with { DockerfilePath = "other" }));
        Assert.Equal(BuildxFailure.ArgumentInvalid, failure.Failure);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_is_read_from_where_it_stands_and_stays_open(bool canSeek)
    {
        var bytes = Tar(TarEntryFormat.Pax);
        var inner = new MemoryStream([1, 2, 3, .. bytes]) { Position = 3 };
        await using Stream stream = canSeek ? inner : new ForwardOnly(inner);
        var archive = (await ContextInput.ReadAsync(s_request, "The input", () => stream, canReopen: false, Token)).ContextArchive!;
        // A preview leaves it as it was, where that can be.
        Assert.Equal(canSeek ? 3 : 1027, inner.Position);
        Assert.Equal(bytes, (await ContentAsync(archive))[1024..]);
        Assert.Throws<InvalidOperationException>(archive.OpenRead);
        Assert.True(inner.CanRead);
    }

    [Fact]
    public async Task Files_are_read_and_what_is_none_is_named()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Join(folder.Path, "context.tar");
        await File.WriteAllBytesAsync(file, Tar(TarEntryFormat.Ustar), Token);
        Assert.Contains(file, (await ContextInput.ReadFileAsync(s_request, file, Token)).ContextArchive!.Name, StringComparison.Ordinal);
        var missing = await Assert.ThrowsAsync<BuildxException>(() => ContextInput.ReadFileAsync(s_request, file + "x", Token));
        Assert.Equal(BuildxFailure.BuildContextNotFound, missing.Failure);
        var wrong = await Assert.ThrowsAsync<BuildxException>(() => ContextInput.ReadFileAsync(s_request, folder.Path, Token));
        Assert.Contains("a folder", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_fails_is_named()
    {
        var stream = new MemoryStream();
        stream.Dispose();
        var failure = await Assert.ThrowsAsync<BuildxException>(() => ContextInput.ReadAsync(s_request, "The input", () => stream, canReopen: false, Token));
        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure.Failure);
        Assert.StartsWith("The input cannot be read", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Engines_side_by_side_each_get_all_of_a_stream()
    {
        var bytes = Gzip(Tar(TarEntryFormat.Ustar));
        await using var stream = new ForwardOnly(new MemoryStream(bytes));
        var archive = (await ContextInput.ReadAsync(s_request, "The input", () => stream, canReopen: false, Token)).ContextArchive!;
        await using var upload = new ContextUpload(archive);
        await upload.ShareAsync(Token);
        await using var one = await upload.OpenAsync(Token);
        await using var two = await upload.OpenAsync(Token);
        foreach (var opened in new[] { one, two })
        {
            var all = new MemoryStream();
            await opened.CopyToAsync(all, Token);
            Assert.Equal(bytes, all.ToArray());
        }
    }

    /// <summary>A stream that goes only forward.</summary>
    private sealed class ForwardOnly(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, 100));

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
