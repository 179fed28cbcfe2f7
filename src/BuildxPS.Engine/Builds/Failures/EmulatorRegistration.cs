namespace BuildxPS.Engine.Builds.Failures;

/// <summary>An interpreter that this machine's kernel runs programs of another processor with, as binfmt_misc shows it.</summary>
/// <param name="Name">The entry's name.</param>
/// <param name="Interpreter">The program.</param>
/// <param name="Flags">Its flags.</param>
internal sealed record EmulatorRegistration(string Name, string Interpreter, string Flags)
{
    private const int MaxEntries = 256;
    private const int MaxLength = 4096;

    // Where an ELF file says which processor it is for, and how long a magic must be to cover it.
    private const int MachineOffset = 18;

    /// <summary>Finds an entry that containers cannot use: without the flag F the kernel looks for the interpreter in the container.</summary>
    /// <param name="platform">Whose programs.</param>
    /// <param name="folder">Where binfmt_misc is mounted.</param>
    /// <returns>The entry; null if there is none, or nothing can be seen here.</returns>
    public static EmulatorRegistration? FindUnusable(Platform platform, string folder = "/proc/sys/fs/binfmt_misc")
    {
        if (MachineOf(platform.Architecture) is not { } machine)
        {
            return null;
        }

        try
        {
            return new DirectoryInfo(folder).EnumerateFiles().Take(MaxEntries)
                .Where(f => f.Name is not ("register" or "status"))
                .Select(f => Read(f, machine))
                .FirstOrDefault(e => e?.Flags.Contains('F', StringComparison.Ordinal) == false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static EmulatorRegistration? Read(FileInfo file, ushort machine)
    {
        using var reader = file.OpenText();
        var buffer = new char[MaxLength];
        var lines = new string(buffer, 0, reader.ReadBlock(buffer)).Split('\n', StringSplitOptions.TrimEntries);
        string Value(string key) => lines.FirstOrDefault(l => l.StartsWith(key + " ", StringComparison.Ordinal))?[(key.Length + 1)..].Trim() ?? "";
        return lines[0] == "enabled" && Value("offset") == "0" && IsFor(Value("magic"), machine)
            ? new EmulatorRegistration(DisplayText.Line(file.Name, 100), DisplayText.Line(Value("interpreter"), 256), DisplayText.Line(Value("flags:"), 20))
            : null;
    }

    private static bool IsFor(string magic, ushort machine)
    {
        if (!magic.StartsWith("7f454c46", StringComparison.Ordinal) || magic.Length < 2 * (MachineOffset + 2))
        {
            return false;
        }

        var field = magic.Substring(2 * MachineOffset, 4);
        var value = Convert.FromHexString(field);
        return magic.AsSpan(10, 2) is "02" ? (value[0] << 8 | value[1]) == machine : (value[1] << 8 | value[0]) == machine;
    }

    private static ushort? MachineOf(string architecture) => architecture switch
    {
        "386" => 3,
        "amd64" => 62,
        "arm" => 40,
        "arm64" => 183,
        "loong64" => 258,
        "mips" or "mipsle" or "mips64" or "mips64le" => 8,
        "ppc64" or "ppc64le" => 21,
        "riscv64" => 243,
        "s390x" => 22,
        _ => null,
    };
}
