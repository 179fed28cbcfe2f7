using BuildxPS.Engine.Builds.Planning;

namespace BuildxPS.Engine.Emulation;

/// <summary>The platforms that emulators are for.</summary>
public static class EmulatedPlatforms
{
    // What base images are commonly made for; what else a node lacks is not worth a line.
    private static readonly string[] s_common = ["amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x"];

    /// <summary>The platforms that most base images are made for.</summary>
    public static IReadOnlyList<Platform> Common { get; } = [.. s_common.Select(a => Platform.Parse("linux/" + a))];

    /// <summary>Reads platforms as users name them here: <c>arm64</c> alone means Linux, on every client.</summary>
    /// <param name="texts">The texts, each one or several with commas.</param>
    /// <returns>The platforms, each once.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.PlatformInvalid"/>.</exception>
    public static IReadOnlyList<Platform> Read(IEnumerable<string> texts)
        => [.. texts.SelectMany(t => t.Split(',', StringSplitOptions.TrimEntries)).Select(t => Platform.Parse(t.Contains('/', StringComparison.Ordinal) ? t : "linux/" + t)).Distinct()];

    /// <summary>The platforms that this machine can have emulators for, with the interpreter that is installed for each. No engine is asked.</summary>
    /// <param name="emulators">The machine's emulators.</param>
    /// <returns>Architectures, the common ones first, and what to say of each.</returns>
    public static IReadOnlyList<(string Architecture, string Description)> Describe(LocalEmulators emulators)
    {
        ArgumentNullException.ThrowIfNull(emulators);
        return
        [
            .. EmulatedArchitecture.All
                .Where(a => a.Name != Platform.Local.Architecture)
                .OrderBy(a => Array.IndexOf(s_common, a.Name) is >= 0 and var at ? at : int.MaxValue)
                .Select(a => (a.Name, emulators.FindInstalled(a) is { } path ? $"{a.EntryName}: {path}" : $"{a.EntryName}: not installed on this machine")),
        ];
    }

    /// <summary>The architecture of a platform.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.PlatformInvalid"/>: no emulator is known for it.</exception>
    internal static EmulatedArchitecture ArchitectureOf(Platform platform)
        => EmulatedArchitecture.Of(platform) ?? throw new BuildxException(
            BuildxFailure.PlatformInvalid,
            $"There is no emulator for {platform}.",
            $"Give one of linux/{string.Join(", linux/", EmulatedArchitecture.All.Select(a => a.Name))}.");

    /// <summary>Whether an engine says that it runs a platform's programs: it lists the platform, or a newer variant of it.</summary>
    internal static bool IsListed(Platform platform, IReadOnlyList<Platform> listed)
        => listed.Any(l => l.Architecture == platform.Architecture && PlatformMatch.Distance(l, [platform]) is not null);

    /// <summary>Refuses what a machine runs by itself: an emulator would take over all its programs, those of the system included.</summary>
    internal static void RequireForeign(EmulatedArchitecture architecture, Platform own, string machine, bool force)
    {
        var isOwn = architecture.Name == own.Architecture;
        // Not every arm64 processor runs programs of 32 bits, and not every kernel.
        var isLikelyOwn = !isOwn && architecture.Name != "arm" && PlatformMatch.IsNative(architecture.Platform, own);
        if (isOwn || (isLikelyOwn && !force))
        {
            throw new BuildxException(
                BuildxFailure.EmulatorNotNeeded,
                $"Programs for {architecture.Platform} need no emulator: {machine} ({own}) runs them by itself.",
                isOwn ? "Register emulators for other platforms only." : "-Force registers one all the same, where the kernel was made without them; it is then used for all of them.");
        }
    }
}
