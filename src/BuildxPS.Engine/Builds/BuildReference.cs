using System.Security.Cryptography;

namespace BuildxPS.Engine.Builds;

/// <summary>Names of builds on their engines.</summary>
internal static class BuildReference
{
    private const int Length = 25;

    /// <summary>Makes a new name: 25 random characters of base 36, as buildx makes them.</summary>
    /// <returns>The name.</returns>
    public static string Create() => RandomNumberGenerator.GetString("0123456789abcdefghijklmnopqrstuvwxyz", Length);
}
