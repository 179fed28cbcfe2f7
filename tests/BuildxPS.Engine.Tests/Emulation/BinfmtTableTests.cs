using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class BinfmtTableTests : IDisposable
{
    private const string Arm64 = "7f454c460201010000000000000000000200b700";
    private const string S390x = "7f454c4602020100000000000000000000020016";

    private readonly FakeMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Entries_are_read_as_the_kernel_writes_them()
    {
        _machine.Add("qemu-aarch64", Arm64, "POCF", interpreter: "/usr/bin/qemu-aarch64-static");
        _machine.Add("qemu-s390x", S390x, "OC", "disabled");

        var entries = _machine.Host.Table.Read();

        Assert.Equal(["qemu-aarch64", "qemu-s390x"], entries.Select(e => e.Name));
        Assert.Equal(["arm64", "s390x"], entries.Select(e => e.Architecture?.Name));
        Assert.Equal([true, false], entries.Select(e => e.IsEnabled));
        Assert.Equal([true, false], entries.Select(e => e.WorksInContainers));
        Assert.Equal("/usr/bin/qemu-aarch64-static", entries[0].Interpreter);
    }

    [Fact]
    public void What_is_no_emulator_or_no_entry_does_not_count()
    {
        _machine.Add("python", "550d0d0a", "OC");
        _machine.Add("short", "7f45", "OC");
        _machine.Add("odd", "7f4", "OC");
        File.WriteAllText(Path.Join(_machine.Table, "empty"), "");
        File.WriteAllText(Path.Join(_machine.Table, "extension"), "enabled\ninterpreter /usr/bin/x\nflags: \nextension .x\n");
        File.WriteAllText(Path.Join(_machine.Table, "large"), new string('x', 100_000));

        Assert.DoesNotContain(_machine.Host.Table.Read(), e => e.IsEmulator);
        Assert.Empty(_machine.Emulators.Read().Emulators);
        Assert.Empty(new BinfmtTable(Path.Join(_machine.Table, "nowhere")).Read());
    }

    [Fact]
    public void An_emulator_of_a_processor_that_images_have_no_name_for_is_one_without_a_platform()
    {
        _machine.Add("qemu-hppa", "7f454c460102010000000000000000000002000f", "OCF");

        var emulator = Assert.Single(_machine.Emulators.Read().Emulators);

        Assert.Null(emulator.Platform);
        Assert.True(emulator.WorksInContainers);
    }

    [Fact]
    public void A_path_with_colons_is_parted_by_something_else()
    {
        var entry = new BinfmtEntry { Name = "x", Interpreter = "/a:b|c", Flags = "F", Magic = [0x7f, 0x45], Mask = [0xff, 0xfe] };

        Assert.Equal(@",x,M,0,\x7f\x45,\xff\xfe,/a:b|c,F", entry.ToRegistration());
        Assert.Null((entry with { Interpreter = ":|,;!#%" }).ToRegistration());
    }
}
