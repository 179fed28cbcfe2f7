using System.Diagnostics;
using BuildxPS.Engine.Emulation;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Emulation;

// Alone: a process that another test starts meanwhile could have the program open, and the kernel runs no file that is written to.
[Collection(AloneCollection.Name)]
public sealed class ProbeProgramTests
{
    public static TheoryData<string> Names => [.. EmulatedArchitecture.All.Select(a => a.Name)];

    /// <summary>Those that this machine runs now. The bytes of the others were run once with QEMU, as the class says.</summary>
    public static TheoryData<string> Runnable
    {
        get
        {
            var entries = new BinfmtTable(BinfmtTable.UsualFolder).Read();
            return [.. EmulatedArchitecture.All.Where(a => a.Name == Platform.Local.Architecture || entries.Any(e => e.IsEnabled && e.Architecture == a)).Select(a => a.Name)];
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_probe_is_a_static_program_for_its_processor(string name)
    {
        var program = ElfProgram.Read(new MemoryStream(ProbeProgram.Create(ElfFiles.Architecture(name))));

        Assert.Equal(name, program.Architecture?.Name);
        Assert.False(program.IsDynamic);
    }

    [Theory]
    [MemberData(nameof(Runnable))]
    public async Task A_probe_ends_with_0(string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("It is a program for Linux.");
            return;
        }

        using var folder = new TemporaryFolder();
        var path = Path.Join(folder.Path, "probe");
        await File.WriteAllBytesAsync(path, ProbeProgram.Create(ElfFiles.Architecture(name)), TestContext.Current.CancellationToken);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var process = Process.Start(path);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(0, process.ExitCode);
    }
}
