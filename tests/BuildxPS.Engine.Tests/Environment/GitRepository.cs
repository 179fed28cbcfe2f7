using System.Diagnostics;

namespace BuildxPS.Engine.Tests.Environment;

/// <summary>A git repository that a <see cref="WebServer"/> can serve as plain files.</summary>
internal static class GitRepository
{
    /// <summary>Makes a bare repository <c>NAME.git</c> with a branch <c>main</c> from a folder's files, and a branch <c>other</c> from another's.</summary>
    /// <returns>The commit of <c>main</c>.</returns>
    public static async Task<string> CreateAsync(string served, string name, string main, string other)
    {
        var work = Path.Join(served, name + "-work");
        Directory.CreateDirectory(work);
        await RunAsync(work, "init", "--quiet", "--initial-branch=main");
        await CommitAsync(work, main, "one");
        var commit = (await RunAsync(work, "rev-parse", "HEAD")).Trim();
        await RunAsync(work, "tag", "v1");
        await RunAsync(work, "checkout", "--quiet", "-b", "other");
        await CommitAsync(work, other, "two");
        await RunAsync(work, "checkout", "--quiet", "main");
        await RunAsync(served, "clone", "--quiet", "--bare", work, name + ".git");
        await RunAsync(Path.Join(served, name + ".git"), "update-server-info");
        return commit;
    }

    private static async Task CommitAsync(string work, string folder, string message)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var target = Path.Join(work, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }

        await RunAsync(work, "add", "--all");
        await RunAsync(work, "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", "commit", "--quiet", "--allow-empty", "-m", message);
    }

    private static async Task<string> RunAsync(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"git {string.Join(' ', arguments)}: {await error}");
        return output;
    }
}
