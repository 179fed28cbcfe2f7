namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Names that mean something else on Windows than the file they are meant for.</summary>
internal static class WindowsNames
{
    private static readonly string[] s_devices =
        ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "COM", "LPT"];

    /// <summary>Says why a name cannot stand in a Windows folder, or null if it can.</summary>
    /// <param name="name">One component of a path.</param>
    /// <returns>The reason, for a message.</returns>
    public static string? Problem(ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (c < ' ' || "<>:\"\\|?*".Contains(c, StringComparison.Ordinal))
            {
                return "has a character that Windows does not allow in names";
            }
        }

        if (name[^1] is '.' or ' ')
        {
            return "ends in a dot or a blank, which Windows drops";
        }

        return IsDevice(name) ? "is the name of a device on Windows" : null;
    }

    private static bool IsDevice(ReadOnlySpan<char> name)
    {
        var dot = name.IndexOf('.');
        var stem = (dot < 0 ? name : name[..dot]).TrimEnd(' ');
        foreach (var device in s_devices)
        {
            var numbered = device is "COM" or "LPT";
            if (numbered
                ? stem.Length == 4 && stem.StartsWith(device, StringComparison.OrdinalIgnoreCase) && (char.IsAsciiDigit(stem[3]) || stem[3] is '¹' or '²' or '³')
                : stem.Equals(device, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
