using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Emulation;

/// <summary>
/// An image that registers emulators on the machine it runs on, and how it wants to be asked: as <c>tonistiigi/binfmt</c> does, or, by
/// the name, as <c>multiarch/qemu-user-static</c>.
/// </summary>
internal sealed partial record InstallerImage
{
    /// <summary>What buildx and docker use.</summary>
    public const string Default = "tonistiigi/binfmt";

    private const string WholesaleName = "qemu-user-static";

    /// <summary>The image.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>Whether it is the one that is used where none is named.</summary>
    public bool IsUsual => Reference.ToString() == ImageReference.Parse(Default).ToString();

    /// <summary>Whether it knows only to register everything, after it took away all of QEMU's.</summary>
    public bool IsWholesale => Reference.Repository.Split('/')[^1] == WholesaleName;

    /// <summary>Reads an image's name.</summary>
    /// <param name="text">The name; null for the usual image.</param>
    /// <returns>The image.</returns>
    /// <exception cref="BuildxException">It is no reference of an image.</exception>
    public static InstallerImage Parse(string? text) => new() { Reference = ImageReference.Parse(text ?? Default) };

    /// <summary>The arguments that register emulators.</summary>
    /// <param name="architectures">For which processors.</param>
    /// <param name="replaces">Whether those that are there go first.</param>
    /// <returns>The arguments.</returns>
    public IList<string> Install(IReadOnlyList<EmulatedArchitecture> architectures, bool replaces)
    {
        if (IsWholesale)
        {
            // Persistent: the flag F.
            return ["--reset", "-p", "yes"];
        }

        var wanted = string.Join(',', architectures.Select(a => a.Name));
        return replaces ? ["--uninstall", Names(architectures), "--install", wanted] : ["--install", wanted];
    }

    /// <summary>The arguments that take emulators away.</summary>
    /// <param name="names">Their entries' names.</param>
    /// <returns>The arguments.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>: the image cannot, or would take away more than was named.</exception>
    public IList<string> Uninstall(IReadOnlyList<string> names)
    {
        if (IsWholesale)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The image {Reference} takes all emulators away only to register them again.",
                $"Leave -Image out, or name one that is used like {Default}.");
        }

        // The image parts what it is given at commas and takes each part as a pattern, for entries of any interpreter.
        return names.FirstOrDefault(n => !EntryName().IsMatch(n)) is { } other
            ? throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"'{DisplayText.Line(other, 100)}' is no name of one of QEMU's emulators, and others cannot be taken away on the machine of a builder's engine.",
                "Give names like qemu-aarch64, without wildcards, or platforms with -Platform; others are taken away on that machine itself.")
            : ["--uninstall", string.Join(',', names)];
    }

    /// <summary>Refuses to register emulators where more would be replaced than the user allowed.</summary>
    /// <param name="force">Whether what is there may be replaced.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public void RequireConsent(bool force)
    {
        if (IsWholesale && !force)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The image {Reference} registers all of its emulators, and first takes away all of QEMU's that are registered.",
                $"Give -Force if that is what you want, or an image with -Image that is used like {Default}.");
        }
    }

    /// <summary>What an installer's output says of one emulator.</summary>
    /// <param name="architecture">The processor.</param>
    /// <param name="output">What it printed.</param>
    /// <returns>Whether it is registered, and was before; the image ends with 0 in any case.</returns>
    public InstallOutcome OutcomeOf(EmulatedArchitecture architecture, InstallerOutput output)
    {
        if (IsWholesale)
        {
            return output.Lines.Any(l => l.TrimEnd().EndsWith($" interpreter for {architecture.Cpu}", StringComparison.Ordinal)) ? InstallOutcome.Registered : InstallOutcome.Failed;
        }

        var said = output.Lines.Select(l => Installing().Match(l)).FirstOrDefault(m => m.Success && m.Groups["what"].Value == architecture.Name)?.Groups["result"].Value;
        return said == "OK" ? InstallOutcome.Registered
            : said?.Contains("already registered", StringComparison.Ordinal) == true ? InstallOutcome.Existed
            : said is null && output.Emulators.Contains(architecture.EntryName) ? InstallOutcome.Registered
            : InstallOutcome.Failed;
    }

    /// <summary>Whether an installer's output says that it took an emulator away.</summary>
    /// <param name="name">The entry's name.</param>
    /// <param name="output">What it printed.</param>
    /// <returns>True; false where there was none; null where it failed.</returns>
    public static bool? IsRemoved(string name, InstallerOutput output)
        => output.Lines.Select(l => Uninstalling().Match(l)).FirstOrDefault(m => m.Success && "qemu-" + WithoutPrefix(m.Groups["what"].Value) == name)?.Groups["result"].Value switch
        {
            "OK" => true,
            "not found" => false,
            _ => null,
        };

    // The image leaves the prefix out where it was given a platform.
    private static string WithoutPrefix(string name) => name.StartsWith("qemu-", StringComparison.Ordinal) ? name["qemu-".Length..] : name;

    private static string Names(IReadOnlyList<EmulatedArchitecture> architectures) => string.Join(',', architectures.Select(a => a.EntryName));

    [GeneratedRegex(@"^qemu-[A-Za-z0-9_]+\z")]
    private static partial Regex EntryName();

    [GeneratedRegex(@"^installing: (?<what>\S+) (?<result>.+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Installing();

    [GeneratedRegex(@"^uninstalling: (?<what>\S+) (?<result>.+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Uninstalling();
}

/// <summary>What an installer did for one processor.</summary>
internal enum InstallOutcome
{
    /// <summary>Nothing, or not what it was to.</summary>
    Failed,

    /// <summary>It registered the emulator.</summary>
    Registered,

    /// <summary>One was there, and it left it alone.</summary>
    Existed,
}
