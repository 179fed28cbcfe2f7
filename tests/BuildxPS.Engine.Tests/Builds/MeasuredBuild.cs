using System.Diagnostics;
using System.Globalization;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Builds in a process of their own whose memory is looked at.</summary>
internal static class MeasuredBuild
{
    public const string Verb = "measured-build";

    /// <summary>Exports a small folder and then another one, and tells what the second one added to the process's memory.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="context">The context of the second build.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>By how many bytes the highest resident size was above the one before.</returns>
    public static async Task<long> RunAsync(string engine, string context, string destination)
    {
        using var small = new TempFolder().File("context/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        var program = System.Environment.ProcessPath!;
        string[] command =
        [
            .. Path.GetFileNameWithoutExtension(program) == "dotnet" ? new[] { typeof(MeasuredBuild).Assembly.Location } : [],
            Verb, TestEngines.Require(engine), small["context"], small["out"], context, destination,
        ];
        using var process = Process.Start(new ProcessStartInfo(program, command) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        return long.Parse(output, CultureInfo.InvariantCulture);
    }

    /// <summary>The process's own side.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        await BuildAsync(arguments[0], arguments[1], arguments[2]);
        GC.Collect();
        var before = Read("VmRSS");

        // 5 resets the highest resident size.
        await File.WriteAllTextAsync("/proc/self/clear_refs", "5");
        await BuildAsync(arguments[0], arguments[3], arguments[4]);
        Console.Out.Write((Read("VmHWM") - before).ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static async Task BuildAsync(string host, string context, string destination)
    {
        var request = new BuildRequest
        {
            ContextPath = context,
            Builder = new BuilderSelection { DockerHost = host },
            Outputs = [new OutputSpec { Type = "local", Destination = destination }],
        };
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = Path.GetTempPath() };
        await foreach (var _ in new BuildRunner(environment).RunAsync(request, CancellationToken.None))
        {
        }
    }

    private static long Read(string name) =>
        1024 * long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
