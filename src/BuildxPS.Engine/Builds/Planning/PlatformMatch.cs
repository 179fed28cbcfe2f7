using System.Globalization;

namespace BuildxPS.Engine.Builds.Planning;

/// <summary>Which platforms can stand in for another, nearest first, as containerd ranks them.</summary>
internal static class PlatformMatch
{
    private const int NewestArm = 8;
    private const int OldestArm = 5;

    /// <summary>How near the nearest of some platforms is to a wanted one.</summary>
    /// <param name="wanted">The wanted platform.</param>
    /// <param name="available">The platforms at hand.</param>
    /// <returns>0 for the same platform, more for one that only fits; null if none fits.</returns>
    public static int? Distance(Platform wanted, IEnumerable<Platform> available)
    {
        var fitting = Fitting(wanted);
        int? best = null;
        foreach (var platform in available)
        {
            var at = fitting.FindIndex(f => SamePlatform(f, platform));
            if (at >= 0 && (best is null || at < best))
            {
                best = at;
            }
        }

        return best;
    }

    /// <summary>Whether programs for a platform run on a processor without an emulator.</summary>
    /// <param name="wanted">The programs' platform.</param>
    /// <param name="native">The processor's platform.</param>
    /// <returns>Whether they do, as far as names tell: a newer variant of the same architecture counts as native.</returns>
    public static bool IsNative(Platform wanted, Platform native)
        => wanted.OS == native.OS && (
            wanted.Architecture == native.Architecture
            || (wanted.Architecture, native.Architecture) is ("386", "amd64") or ("arm", "arm64"));

    private static bool SamePlatform(Platform a, Platform b)
        => a.OS == b.OS && a.Architecture == b.Architecture && a.Variant == b.Variant
        && (a.OSVersion is null || a.OSVersion == b.OSVersion);

    private static List<Platform> Fitting(Platform wanted)
    {
        var result = new List<Platform> { wanted };
        switch (wanted.Architecture)
        {
            case "amd64":
                for (var level = Level(wanted, 1) - 1; level >= 1; level--)
                {
                    result.Add(wanted with { Variant = level == 1 ? null : Name(level) });
                }

                result.Add(wanted with { Architecture = "386", Variant = null });
                break;
            case "arm64":
                if (wanted.Variant is not null)
                {
                    result.Add(wanted with { Variant = null });
                }

                AddArm(result, wanted, NewestArm);
                break;
            case "arm":
                AddArm(result, wanted, Level(wanted, 7) - 1);
                break;
        }

        return result;
    }

    private static void AddArm(List<Platform> result, Platform wanted, int newest)
    {
        for (var level = Math.Min(newest, NewestArm); level >= OldestArm; level--)
        {
            result.Add(wanted with { Architecture = "arm", Variant = Name(level) });
        }
    }

    private static string Name(int level) => "v" + level.ToString(CultureInfo.InvariantCulture);

    private static int Level(Platform platform, int usual)
        => platform.Variant is ['v', .. var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var level)
            ? Math.Min(level, NewestArm)
            : usual;
}
