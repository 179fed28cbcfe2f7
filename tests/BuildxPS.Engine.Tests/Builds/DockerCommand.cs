using System.Diagnostics;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Docker's own client, to compare with.</summary>
internal static class DockerCommand
{
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string engine, (string Name, string Value)[] variables, params string[] arguments)
    {
        var start = new ProcessStartInfo(TestEngines.Tool("docker"), ["-H", TestEngines.Require(engine), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOCKER_CONFIG"] = TestEngines.Tool("dockerConfig");
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }
}
