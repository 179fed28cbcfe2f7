using System.Diagnostics;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Ssh;

/// <summary>OpenSSH's own programs, and OpenSSL's: to make keys, to use agents, and to check signatures.</summary>
internal static class SshTools
{
    /// <summary>A program of this machine, with the libraries that it needs.</summary>
    public static string Find(string program)
    {
        var found = (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(f => Path.Join(f, program)).FirstOrDefault(File.Exists);
        if (found is null)
        {
            Assert.Skip($"This machine has no {program}.");
        }

        return found!;
    }

    /// <summary>Makes a key pair and returns the private key's path.</summary>
    public static string MakeKey(TemporaryFolder folder, string name, params string[] options)
    {
        var path = Path.Join(folder.Path, name);
        Run("ssh-keygen", null, ["-q", "-N", "", "-C", "someone@somewhere", "-f", path, .. options]);
        return path;
    }

    /// <summary>A key pair's public half, as <c>type base64</c>.</summary>
    public static string PublicKey(string path) => string.Join(' ', File.ReadAllText(path + ".pub").Split(' ', '\n').Take(2));

    /// <summary>Whether OpenSSH takes a signature of <c>ssh-keygen -Y sign</c> for that of a key.</summary>
    public static bool Verifies(string publicKey, string signature, string data, TemporaryFolder folder)
    {
        var signers = folder.Write($"signers-{Guid.NewGuid():N}", $"me {publicKey}\n");
        return Try("ssh-keygen", null, data, "-Y", "verify", "-f", signers, "-I", "me", "-n", "test", "-s", signature).ExitCode == 0;
    }

    /// <summary>Runs a program that must succeed.</summary>
    public static string Run(string program, string? agent, params string[] arguments)
    {
        var (exitCode, output) = Try(program, agent, "", arguments);
        Assert.True(exitCode == 0, $"{program}: {output}");
        return output;
    }

    /// <summary>Runs a program.</summary>
    public static (int ExitCode, string Output) Try(string program, string? agent, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(program), arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["SSH_AUTH_SOCK"] = agent;
        start.Environment["SSH_ASKPASS"] = "/bin/false";
        start.Environment.Remove("DISPLAY");
        using var process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }
}
