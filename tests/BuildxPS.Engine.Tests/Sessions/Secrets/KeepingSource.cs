using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Sessions.Secrets;

/// <summary>Secrets of which the memory is kept that they were handed out in.</summary>
internal sealed class KeepingSource(ISecretSource inner) : ISecretSource
{
    private readonly List<ReadOnlyMemory<byte>> _given = [];

    public async ValueTask<SecretValue?> GetAsync(string id, CancellationToken cancellationToken)
    {
        var value = await inner.GetAsync(id, cancellationToken);
        if (value is not null)
        {
            Assert.Contains(value.Bytes.ToArray(), b => b != 0);
            lock (_given)
            {
                _given.Add(value.Bytes);
            }
        }

        return value;
    }

    public void AssertZeroed(int expected)
    {
        Assert.Equal(expected, _given.Count);
        Assert.All(_given, memory => Assert.Equal(new byte[memory.Length], memory.ToArray()));
    }
}
