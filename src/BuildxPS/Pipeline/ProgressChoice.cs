using System.Management.Automation.Host;

namespace BuildxPS.Pipeline;

/// <summary>Decides between a terminal's bars and lines.</summary>
internal static class ProgressChoice
{
    /// <summary>The display that <c>BUILDKIT_PROGRESS</c> asks for, in docker's words.</summary>
    /// <param name="value">The variable's value.</param>
    /// <param name="mode">The mode that it means.</param>
    /// <param name="isTerminal">Whether it asks for what a terminal shows, even where that would not be chosen.</param>
    /// <returns>False where it means nothing that there is here.</returns>
    public static bool TryReadVariable(string? value, out ProgressMode mode, out bool isTerminal)
    {
        (mode, isTerminal) = (ProgressMode.Auto, false);
        switch (value?.Trim().ToLowerInvariant())
        {
            case null or "" or "auto":
                return true;
            case "tty":
                isTerminal = true;
                return true;
            case "plain":
                mode = ProgressMode.Plain;
                return true;
            case "none" or "quiet":
                mode = ProgressMode.None;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Whether somebody watches a terminal that can show bars.</summary>
    /// <param name="host">The host that runs the command.</param>
    /// <returns>False where output goes to a file or a log, or nobody is there.</returns>
    public static bool IsTerminal(PSHost host) => host.Name switch
    {
        "ConsoleHost" => !Console.IsOutputRedirected && !IsUnattended,
        // An editor draws bars itself; hosts of jobs and remote sessions hand on records that nobody may look at.
        "Visual Studio Code Host" => true,
        _ => false,
    };

    private static bool IsUnattended
        => IsSet("CI") || IsSet("TF_BUILD") || IsSet("GITHUB_ACTIONS") || Environment.GetEnvironmentVariable("TERM") == "dumb"
            || Environment.GetCommandLineArgs().Skip(1).Any(a => a.StartsWith("-noni", StringComparison.OrdinalIgnoreCase));

    private static bool IsSet(string variable)
        => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
            && !value.Equals("false", StringComparison.OrdinalIgnoreCase);
}
