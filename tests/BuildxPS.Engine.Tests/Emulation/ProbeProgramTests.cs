using System.Diagnostics;
using BuildxPS.Engine.Emulation;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class ProbeProgramTests
{
    public static TheoryData<string> Names => [.. EmulatedArchitecture.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_probe_ends_with_0_where_this_machine_runs_it(string name)
    {
        var architecture = ElfFiles.Architecture(name);
        var file = ProbeProgram.Create(architecture);
        Assert.Equal(architecture, ElfProgram.Read(new MemoryStream(file)).Architecture);
        var entries = new BinfmtTable(BinfmtTable.UsualFolder).Read();
        if (!OperatingSystem.IsLinux() || (name != Platform.Local.Architecture && !entries.Any(e => e.IsEnabled && e.Architecture == architecture)))
        {
            // Its bytes were run once with QEMU's emulator, as the class says; here nothing can run them.
            return;
        }

        using var folder = new TemporaryFolder();
        var path = Path.Join(folder.Path, "probe");
        await File.WriteAllBytesAsync(path, file, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var process = Process.Start(path);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(0, process.ExitCode);
    }
}
