using System.Buffers;

namespace BuildxPS.Engine.Drivers;

/// <summary>Which BuildKit is inside which docker daemon, for those before 24 whose BuildKit does not tell.</summary>
internal static class DockerBuildKitVersions
{
    private static readonly SearchValues<char> s_versionCharacters = SearchValues.Create("0123456789.");

    // Each line holds from its version up to the next line's.
    private static readonly (Version From, string? BuildKit)[] s_releases =
    [
        (new(19, 3, 0), "v0.5.1+1f89ec1"),
        (new(19, 3, 2), "v0.6.1+588c73e"),
        (new(19, 3, 3), "v0.6.2"),
        (new(19, 3, 5), "v0.6.3+928f3b4"),
        (new(19, 3, 6), "v0.6.3+57e8ad5"),
        (new(19, 3, 7), "v0.6.4"),
        (new(19, 3, 9), "v0.6.4+a7d7b7f"),
        (new(19, 3, 13), "v0.6.4+df89d4d"),
        (new(19, 3, 15), "v0.6.4+396bfe2"),
        (new(20, 10, 0), "v0.8.1"),
        (new(20, 10, 3), "v0.8.1+68bb095"),
        (new(20, 10, 4), "v0.8.2"),
        (new(20, 10, 7), "v0.8.2+244e8cde"),
        (new(20, 10, 11), "v0.8.2+bc07b2b8"),
        (new(20, 10, 19), "v0.8.2+3a1eeca5"),
        (new(20, 10, 20), "v0.8.2+c0149372"),
        (new(20, 10, 21), "v0.8.2+eeb7b65"),
        (new(20, 10, 24), "v0.8+unknown"),
        (new(22, 6, 0), "v0.10.3"),
        (new(23, 0, 0), "v0.10.6"),
        (new(23, 0, 1), "v0.10.6+4f0ee09"),
        (new(23, 0, 2), "v0.10.6+70f2ad5"),
        (new(23, 0, 4), "v0.10.6+d52b2d5"),
        (new(23, 0, 7), "v0.10+unknown"),
        (new(24, 0, 0), null),
    ];

    /// <summary>Finds the BuildKit of a daemon.</summary>
    /// <param name="dockerVersion">The daemon's version, for example <c>20.10.24+dfsg1</c>.</param>
    /// <returns>For example <c>v0.8.2</c>; null where it is not known.</returns>
    public static string? Find(string dockerVersion)
    {
        var end = dockerVersion.AsSpan().IndexOfAnyExcept(s_versionCharacters);
        return Version.TryParse(end < 0 ? dockerVersion : dockerVersion.AsSpan(0, end), out var version)
            ? s_releases.LastOrDefault(line => line.From <= version).BuildKit
            : null;
    }
}
