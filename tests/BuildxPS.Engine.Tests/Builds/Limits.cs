using System.Runtime.CompilerServices;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Guards against a stream that hangs.</summary>
internal static class Limits
{
    public static async IAsyncEnumerable<T> WithLimit<T>(this IAsyncEnumerable<T> source, TimeSpan limit, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stopping.CancelAfter(limit);
        await foreach (var item in source.WithCancellation(stopping.Token))
        {
            yield return item;
        }
    }
}
