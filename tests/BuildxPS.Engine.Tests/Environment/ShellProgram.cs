using System.Diagnostics;

namespace BuildxPS.Engine.Tests.Environment;

/// <summary>Programs of a few lines that tests put in the place of others.</summary>
internal static class ShellProgram
{
    /// <summary>Writes a program that can be run.</summary>
    /// <remarks>
    /// A child writes it. Were it this process, another child that a test starts meanwhile would have the file open for writing for
    /// a moment, and nobody could run it then ("Text file busy").
    /// </remarks>
    /// <param name="file">Where.</param>
    /// <param name="script">What it does, for <c>sh</c>.</param>
    /// <returns>The path.</returns>
    public static string Write(string file, string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The programs of this test are shell scripts.");
        using var writer = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cat > \"$1\" && chmod 700 \"$1\"", "sh", file]) { RedirectStandardInput = true })!;
        writer.StandardInput.Write("#!/bin/sh\n" + script + "\n");
        writer.StandardInput.Close();
        writer.WaitForExit();
        Assert.Equal(0, writer.ExitCode);
        return file;
    }
}
