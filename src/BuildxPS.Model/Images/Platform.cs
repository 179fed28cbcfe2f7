using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace BuildxPS;

/// <summary>
/// An operating system and processor that an image is for, in the normal form of the OCI image specification
/// and containerd: <c>linux/amd64</c>, <c>linux/arm/v7</c>.
/// </summary>
public sealed partial record Platform
{
    private static readonly HashSet<string> s_systems = new(StringComparer.Ordinal)
    {
        "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl",
        "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos",
    };

    private static readonly HashSet<string> s_architectures = new(StringComparer.Ordinal)
    {
        "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "ppc64", "ppc64le", "loong64", "mips",
        "mipsle", "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "riscv", "riscv64", "s390", "s390x",
        "sparc", "sparc64", "wasm",
    };

    /// <summary>Operating system in Go's spelling, for example <c>linux</c>.</summary>
    public required string OS { get; init; }

    /// <summary>Processor architecture in Go's spelling, for example <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Variant of the architecture, for example <c>v7</c>; null where there is none.</summary>
    public string? Variant { get; init; }

    /// <summary>Version of the operating system (Windows images); null where there is none.</summary>
    public string? OSVersion { get; init; }

    /// <summary>The platform of this process: what <c>local</c> means in buildx.</summary>
    public static Platform Local { get; } = Normalize(new Platform
    {
        OS = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux",
        Architecture = RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            System.Runtime.InteropServices.Architecture.X86 => "386",
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            System.Runtime.InteropServices.Architecture.Ppc64le => "ppc64le",
            var other => other.ToString().ToLowerInvariant(),
        },
    });

    /// <summary>The platform as a folder name, as exporters write it: <c>linux_arm_v7</c>.</summary>
    public string FolderName => ToString().Replace('/', '_');

    /// <summary>Reads a platform as containerd does: <c>os/arch[/variant]</c>, or one known word of the two.</summary>
    /// <param name="text">For example <c>linux/arm64</c>, <c>arm64</c>, <c>aarch64</c>, <c>windows(10.0.17763)/amd64</c>, <c>local</c>.</param>
    /// <returns>The platform in normal form.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.PlatformInvalid"/>, naming the part that is wrong.</exception>
    public static Platform Parse(string text)
        => TryParse(text, out var platform, out var problem)
            ? platform
            : throw new BuildxException(
                BuildxFailure.PlatformInvalid,
                $"'{text}' is not a platform: {problem}.",
                "Write a platform as os/arch or os/arch/variant, for example linux/amd64, linux/arm64 or linux/arm/v7.");

    /// <summary>Reads a platform, or says what is wrong with it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="platform">The platform in normal form.</param>
    /// <param name="problem">What is wrong, naming the part.</param>
    /// <returns>Whether the text is a platform.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Platform? platform, [NotNullWhen(false)] out string? problem)
    {
        platform = null;
        problem = null;
        var parts = (text ?? "").Trim().Split('/');
        if (parts.Length == 1 && parts[0].Equals("local", StringComparison.OrdinalIgnoreCase))
        {
            platform = Local;
            return true;
        }

        if (parts.Length > 3)
        {
            problem = "it has more than three parts";
            return false;
        }

        var system = SystemPart().Match(parts[0]);
        if (!system.Success)
        {
            problem = parts[0].Length == 0 ? "the part before the first '/' is empty" : $"the part '{parts[0]}' has a character that is not allowed";
            return false;
        }

        foreach (var part in parts.Skip(1))
        {
            if (!PlainPart().IsMatch(part))
            {
                problem = part.Length == 0 ? "a part is empty" : $"the part '{part}' has a character that is not allowed";
                return false;
            }
        }

        var first = system.Groups["name"].Value.ToLowerInvariant();
        var version = system.Groups["version"] is { Success: true } v ? v.Value : null;
        if (parts.Length == 1)
        {
            return TryParseWord(first, version, out platform, out problem);
        }

        platform = Normalize(new Platform
        {
            OS = first,
            OSVersion = version,
            Architecture = parts[1].ToLowerInvariant(),
            Variant = parts.Length == 3 ? parts[2].ToLowerInvariant() : null,
        });
        if (!s_systems.Contains(platform.OS))
        {
            problem = $"'{parts[0]}' is not a known operating system";
        }
        else if (!s_architectures.Contains(platform.Architecture))
        {
            problem = $"'{parts[1]}' is not a known architecture";
        }

        platform = problem is null ? platform : null;
        return problem is null;
    }

    /// <summary>Makes a platform of the parts that an image states, which may name systems and architectures not known here.</summary>
    /// <param name="os">Operating system.</param>
    /// <param name="architecture">Architecture.</param>
    /// <param name="variant">Variant; null or empty where there is none.</param>
    /// <param name="osVersion">Version of the operating system; null or empty where there is none.</param>
    /// <returns>The platform in normal form; null if a part has a character that none may have.</returns>
    internal static Platform? FromParts(string os, string architecture, string? variant, string? osVersion)
    {
        variant = string.IsNullOrEmpty(variant) ? null : variant;
        osVersion = string.IsNullOrEmpty(osVersion) ? null : osVersion;
        return PlainPart().IsMatch(os) && PlainPart().IsMatch(architecture)
            && (variant is null || PlainPart().IsMatch(variant)) && (osVersion is null || PlainPart().IsMatch(osVersion))
            ? Normalize(new Platform { OS = os, Architecture = architecture, Variant = variant, OSVersion = osVersion })
            : null;
    }

    /// <inheritdoc/>
    public override string ToString()
        => (OSVersion is null ? OS : $"{OS}({OSVersion})") + "/" + Architecture + (Variant is null ? "" : "/" + Variant);

    private static bool TryParseWord(string word, string? version, [NotNullWhen(true)] out Platform? platform, [NotNullWhen(false)] out string? problem)
    {
        var asSystem = Normalize(new Platform { OS = word, OSVersion = version, Architecture = Local.Architecture });
        var asArchitecture = Normalize(new Platform { OS = Local.OS, Architecture = word });
        platform = s_systems.Contains(asSystem.OS) ? asSystem
            : s_architectures.Contains(asArchitecture.Architecture) && version is null ? asArchitecture
            : null;
        problem = platform is null ? $"'{word}' is neither a known operating system nor a known architecture" : null;
        return platform is not null;
    }

    private static Platform Normalize(Platform platform)
    {
        var system = platform.OS == "macos" ? "darwin" : platform.OS;
        var (architecture, variant) = (platform.Architecture, platform.Variant) switch
        {
            ("i386", _) => ("386", null),
            ("x86_64" or "x86-64" or "amd64", "v1" or null) => ("amd64", null),
            ("x86_64" or "x86-64", var v) => ("amd64", v),
            ("aarch64" or "arm64", "8" or "v8" or null) => ("arm64", null),
            ("aarch64", var v) => ("arm64", v),
            ("armhf", _) => ("arm", "v7"),
            ("armel", _) => ("arm", "v6"),
            ("arm", null or "7") => ("arm", "v7"),
            ("arm", "5" or "6" or "8") => ("arm", "v" + platform.Variant),
            var other => other,
        };
        return platform with { OS = system, Architecture = architecture, Variant = variant };
    }

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9_-]+)(\((?<version>[A-Za-z0-9_.-]*)\))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex SystemPart();

    [GeneratedRegex(@"^[A-Za-z0-9_.-]+\z")]
    private static partial Regex PlainPart();
}
