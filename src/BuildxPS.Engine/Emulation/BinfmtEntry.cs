using System.Globalization;

namespace BuildxPS.Engine.Emulation;

/// <summary>An entry of binfmt_misc that runs programs by the bytes at their beginning (kernel: admin-guide/binfmt-misc).</summary>
internal sealed record BinfmtEntry
{
    // Characters that may part the fields of a registration; the first that is in none of them does.
    private const string Separators = ":|,;!#%";

    /// <summary>The entry's name.</summary>
    public required string Name { get; init; }

    /// <summary>The interpreter.</summary>
    public required string Interpreter { get; init; }

    /// <summary>Its flags.</summary>
    public string Flags { get; init; } = "";

    /// <summary>Whether it is switched on.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>The bytes.</summary>
    public required byte[] Magic { get; init; }

    /// <summary>Which bits of them count; empty for all.</summary>
    public byte[] Mask { get; init; } = [];

    /// <summary>Where a program must have them.</summary>
    public int Offset { get; init; }

    /// <summary>Whether containers can use it: the kernel opened the interpreter when it was registered.</summary>
    public bool WorksInContainers => Flags.Contains('F', StringComparison.Ordinal);

    /// <summary>Whether it runs programs that are made for a processor.</summary>
    public bool IsEmulator => Offset == 0 && EmulatedArchitecture.IsElf(Magic);

    /// <summary>The processor; null where it runs something else, or one that is not known here.</summary>
    public EmulatedArchitecture? Architecture => IsEmulator ? EmulatedArchitecture.Find(Magic) : null;

    /// <summary>Reads what the kernel shows of an entry.</summary>
    /// <param name="name">The entry's name.</param>
    /// <param name="text">What its file holds.</param>
    /// <returns>Null where it is none that goes by bytes.</returns>
    public static BinfmtEntry? Parse(string name, string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries);
        string Value(string key) => lines.FirstOrDefault(l => l.StartsWith(key + " ", StringComparison.Ordinal))?[(key.Length + 1)..].Trim() ?? "";
        return ReadHex(Value("magic")) is { Length: > 0 } magic && int.TryParse(Value("offset"), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            ? new BinfmtEntry
            {
                Name = name,
                IsEnabled = lines[0] == "enabled",
                Interpreter = Value("interpreter"),
                Flags = Value("flags:"),
                Offset = offset,
                Magic = magic,
                Mask = ReadHex(Value("mask")) ?? [],
            }
            : null;
    }

    /// <summary>The line that registers it.</summary>
    /// <returns>The line; null where no character is left to part its fields.</returns>
    public string? ToRegistration()
        => Separators.FirstOrDefault(s => !Name.Contains(s, StringComparison.Ordinal) && !Interpreter.Contains(s, StringComparison.Ordinal)) is var separator && separator != '\0'
            ? string.Join(separator, "", Name, "M", Offset.ToString(CultureInfo.InvariantCulture), Escape(Magic), Escape(Mask), Interpreter, Flags)
            : null;

    private static string Escape(byte[] bytes) => string.Concat(bytes.Select(b => FormattableString.Invariant($"\\x{b:x2}")));

    private static byte[]? ReadHex(string text)
    {
        try
        {
            return Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
