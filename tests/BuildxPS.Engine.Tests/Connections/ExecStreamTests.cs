using System.Buffers.Binary;
using System.Text;
using BuildxPS.Engine.Connections;
using CsCheck;

namespace BuildxPS.Engine.Tests.Connections;

public sealed class ExecStreamTests
{
    private static readonly byte[] s_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Frame(byte stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[8 + payload.Length];
        frame[0] = stream;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        payload.CopyTo(frame.AsSpan(8));
        return frame;
    }

    private static ExecStream Open(int piece, bool expectsText, params byte[][] frames)
        => new(new PiecewiseStream([.. frames.SelectMany(f => f)], piece), new ExecFailures("unix:///d.sock", "box", "buildctl dial-stdio", expectsText));

    private static async Task<byte[]> ReadAllAsync(Stream stream, int bufferSize = 1000)
    {
        var result = new MemoryStream();
        var buffer = new byte[bufferSize];
        int read;
        while ((read = await stream.ReadAsync(buffer, Token)) > 0)
        {
            result.Write(buffer, 0, read);
        }

        return result.ToArray();
    }

    [Fact]
    public void Data_is_the_same_however_it_is_cut()
        => Gen.Select(Gen.Int[0, 3].Select(Gen.Byte.Array[0, 40000], (kind, data) => (kind, data)).Array[0, 6], Gen.Int[1, 40000], Gen.Int[1, 40000]).Sample(
            (pieces, cut, bufferSize) =>
            {
                var frames = pieces.Select(p => Frame(p.kind == 0 ? (byte)2 : (byte)1, p.data)).Prepend(Frame(1, s_settings)).ToArray();
                var expected = s_settings.Concat(pieces.Where(p => p.kind != 0).SelectMany(p => p.data));
                var actual = ReadAllAsync(Open(cut, expectsText: true, frames), bufferSize).GetAwaiter().GetResult();
                Assert.True(expected.SequenceEqual(actual));
            },
            iter: 100);

    [Fact]
    public async Task Errors_are_kept_apart_and_only_their_end()
    {
        await using var stream = Open(7, expectsText: true, Frame(2, Encoding.UTF8.GetBytes(new string('a', 10_000))), Frame(1, "out"u8), Frame(2, "\u001b[31mthe end"u8));
        Assert.Equal("out", Encoding.UTF8.GetString(await ReadAllAsync(stream)));
        Assert.EndsWith("athe end", stream.Log, StringComparison.Ordinal);
        Assert.True(stream.Log.Length < 5000);
    }

    [Fact]
    public async Task Read_of_nothing_waits_for_data_and_takes_none()
    {
        await using var stream = Open(3, expectsText: true, Frame(2, "log"u8), Frame(1, s_settings));
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty, Token));
        Assert.Equal(s_settings, await ReadAllAsync(stream));
    }

    [Fact]
    public async Task Command_that_was_not_started_is_a_failure_with_the_daemons_words()
    {
        await using var stream = Open(10, expectsText: false, Frame(1, "OCI runtime exec failed: \"buildctl\": executable file not found\r\n"u8));
        var failure = await Assert.ThrowsAsync<BuildxException>(() => ReadAllAsync(stream));
        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains("executable file not found", failure.Message, StringComparison.Ordinal);
        Assert.Contains("box", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_that_ends_before_it_answers_is_a_failure_with_its_own_words()
    {
        await using var stream = Open(100, expectsText: false, Frame(2, "no such file: buildkitd.sock\n"u8));
        var failure = await Assert.ThrowsAsync<BuildxException>(() => ReadAllAsync(stream));
        Assert.Equal((BuildxFailure.EngineUnreachable, true), (failure.Failure, failure.IsTransient));
        Assert.Contains("no such file: buildkitd.sock", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 9, 0, 0, 0, 0, 0, 0, 1, 0 })]
    [InlineData(new byte[] { 1, 0, 1, 0, 0, 0, 0, 1, 0 })]
    public async Task Output_that_is_not_in_frames_is_refused(byte[] output)
    {
        await using var stream = Open(100, expectsText: false, output);
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAllAsync(stream));
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 0, 0, 9, 0, 0 })]
    [InlineData(new byte[] { 2, 0, 0, 0, 255, 255, 255, 255, 1 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 0, 0, 1, 0 })]
    public async Task Output_that_ends_while_it_is_in_use_is_a_broken_connection(byte[] output)
    {
        await using var stream = Open(100, expectsText: false, output);
        var broken = await Assert.ThrowsAsync<EndOfStreamException>(() => ReadAllAsync(stream));
        Assert.Contains("'buildctl dial-stdio' in the container box", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Last_words_of_a_command_that_was_in_use_are_told()
    {
        await using var stream = Open(100, expectsText: false, Frame(1, s_settings), Frame(2, "error: connection lost"u8));
        var broken = await Assert.ThrowsAsync<EndOfStreamException>(() => ReadAllAsync(stream));
        Assert.Contains("error: connection lost", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writes_go_through_as_they_are()
    {
        var inner = new PiecewiseStream([], 1);
        await using var stream = new ExecStream(inner, new ExecFailures("x", "y", "z", expectsText: false));
        await stream.WriteAsync("abc"u8.ToArray(), Token);
        await stream.CloseWriteAsync(Token);
        Assert.Equal("abc", Encoding.ASCII.GetString(inner.Written.ToArray()));
        Assert.True(inner.IsWriteClosed);
    }

    private sealed class PiecewiseStream(byte[] data, int piece) : MemoryStream(data), IHalfCloseable
    {
        public MemoryStream Written { get; } = new();

        public bool IsWriteClosed { get; private set; }

        public ValueTask CloseWriteAsync(CancellationToken cancellationToken)
        {
            IsWriteClosed = true;
            return ValueTask.CompletedTask;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            => Written.WriteAsync(buffer, cancellationToken);
    }
}
