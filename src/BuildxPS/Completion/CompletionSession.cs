using System.Collections.ObjectModel;
using System.Management.Automation;

namespace BuildxPS.Completion;

/// <summary>What completers ask the session. Its own state is closed to them while they run; a nested command is not.</summary>
internal static class CompletionSession
{
    /// <summary>The path that a user's path means from the current location.</summary>
    /// <param name="path">The path.</param>
    /// <returns>An absolute path; the path itself where nothing is there.</returns>
    public static string Resolve(string path) => Invoke<string>("Convert-Path", "LiteralPath", path).FirstOrDefault() ?? path;

    /// <summary>The newest command lines of the session.</summary>
    /// <param name="count">How many.</param>
    /// <returns>The lines, newest first.</returns>
    public static IEnumerable<string> History(int count)
        => Invoke<PSObject>("Get-History", "Count", count).Reverse().Select(h => h.Properties["CommandLine"]?.Value as string).OfType<string>();

    private static Collection<T> Invoke<T>(string command, string parameter, object value)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        return shell.AddCommand(command).AddParameter(parameter, value).AddParameter("ErrorAction", ActionPreference.Ignore).Invoke<T>();
    }
}
