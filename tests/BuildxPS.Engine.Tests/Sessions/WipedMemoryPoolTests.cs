using BuildxPS.Engine.Sessions;

namespace BuildxPS.Engine.Tests.Sessions;

public sealed class WipedMemoryPoolTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(4096)]
    [InlineData(5000)]
    [InlineData(160 * 1024)]
    [InlineData(300_000)]
    public void What_is_given_back_is_zeroed_and_used_again(int size)
    {
        using var pool = new WipedMemoryPool();
        Memory<byte> first;
        using (var block = pool.Rent(size))
        {
            first = block.Memory;
            Assert.True(first.Length >= size);
            first.Span.Fill(1);
        }

        Assert.Equal(new byte[first.Length], first.ToArray());
        using var next = pool.Rent(size);
        Assert.Equal(size <= 256 * 1024, next.Memory.Equals(first));
    }

    [Fact]
    public void What_was_given_back_is_not_there_any_more_and_is_given_back_once()
    {
        using var pool = new WipedMemoryPool();
        var block = pool.Rent();
        block.Dispose();
        block.Dispose();
        Assert.Throws<ObjectDisposedException>(() => block.Memory);
        using var one = pool.Rent();
        using var other = pool.Rent();
        Assert.False(one.Memory.Equals(other.Memory));
    }
}
