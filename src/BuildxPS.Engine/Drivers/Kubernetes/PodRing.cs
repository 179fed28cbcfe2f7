using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>Chooses the pod of a context as buildx does, so that both tools use one cache: pods and keys are points on a ring.</summary>
internal static class PodRing
{
    /// <summary>Chooses.</summary>
    /// <param name="pods">Names of pods; at least one.</param>
    /// <param name="key">What is built, as a rule the context's absolute path.</param>
    /// <returns>The name of the pod: that of the first point behind the key's.</returns>
    public static string Choose(IReadOnlyList<string> pods, string key)
    {
        var ring = pods.Select(p => (Point: PointOf(p + "-0"), Pod: p)).OrderBy(p => p.Point).ToList();
        var own = PointOf(key);
        return ring.FirstOrDefault(p => p.Point.CompareTo(own) > 0) is { Pod: { } pod } ? pod : ring[0].Pod;
    }

    // MD5 only spreads the points; nobody is kept out by it. buildx compares its halves as signed numbers.
#pragma warning disable CA5351
    private static (long High, long Low) PointOf(string text)
    {
        Span<byte> hash = stackalloc byte[MD5.HashSizeInBytes];
        MD5.HashData(Encoding.UTF8.GetBytes(text), hash);
        return (BinaryPrimitives.ReadInt64LittleEndian(hash), BinaryPrimitives.ReadInt64LittleEndian(hash[8..]));
    }
#pragma warning restore CA5351
}
