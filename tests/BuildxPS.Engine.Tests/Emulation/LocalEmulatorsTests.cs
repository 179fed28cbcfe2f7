namespace BuildxPS.Engine.Tests.Emulation;

public sealed class LocalEmulatorsTests : IDisposable
{
    private const string Arm64 = "7f454c460201010000000000000000000200b700";

    private readonly Platform _arm64 = Platform.Parse("linux/arm64");
    private FakeMachine _machine = new();

    public LocalEmulatorsTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Interpreters are looked at as Linux shows files.");

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void An_installed_interpreter_is_registered_with_the_flags_that_containers_need()
    {
        var path = _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu());

        var registration = _machine.Emulators.Plan(_arm64, null, force: false);
        _machine.Emulators.Register(registration);

        Assert.Equal($"Register {path} with the flags POCF", registration.Describe());
        Assert.Equal(
            $@":qemu-aarch64:M:0:\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:{path}:POCF",
            _machine.Registration);
    }

    [Fact]
    public void A_kernel_that_does_not_tell_interpreters_of_the_name_gets_no_P()
    {
        _machine.AddProgram("qemu-aarch64", ElfFiles.Qemu());
        _machine.Host = _machine.Host with { Kernel = new Version(5, 10) };
        Assert.Equal("OCF", _machine.Emulators.Plan(_arm64, null, force: false).Flags);
    }

    [Theory]
    [InlineData("qemu-aarch64 version 6.0.0", "POCF")]
    [InlineData("qemu-aarch64 version 10.1.2", "POCF")]
    [InlineData("qemu-aarch64 version 5.2.0", "OCF")]
    [InlineData("qemu-arm version 7.2.0", "OCF")]
    [InlineData("qemu-aarch64 version soon", "OCF")]
    [InlineData("my own emulator", "OCF")]
    public void Only_an_interpreter_that_listens_to_P_gets_it(string says, string flags)
    {
        // Across the end of a block that is read.
        var padding = new byte[(1 << 20) - ElfFiles.Static().Length];
        var path = _machine.AddProgram("own", [.. ElfFiles.Static(), .. padding, .. System.Text.Encoding.ASCII.GetBytes(says + "\n")]);

        Assert.Equal(flags, _machine.Emulators.Plan(_arm64, path, force: false).Flags);
    }

    [Fact]
    public void A_program_that_others_may_change_is_not_registered_because_it_was_found()
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        var path = _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu(), Owner | UnixFileMode.OtherWrite);
        Assert.Contains("others than root may change it", Refused(BuildxFailure.InterpreterInvalid, () => _machine.Emulators.Plan(_arm64, null, force: false)).Message, StringComparison.Ordinal);
        Assert.Equal(path, _machine.Emulators.Plan(_arm64, path, force: false).Interpreter);

        _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu(), Owner);
        _machine.Host = _machine.Host with { Root = _machine.Host.Root + 1 };
        Assert.Contains("does not belong to root", Refused(BuildxFailure.InterpreterInvalid, () => _machine.Emulators.Plan(_arm64, null, force: false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_registered_stays_where_the_kernel_refuses_the_new_one()
    {
        _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu());
        _machine.Add("qemu-aarch64", Arm64, "OC");
        var plan = _machine.Emulators.Plan(_arm64, null, force: true);
        File.Delete(Path.Join(_machine.Table, "register"));

        Refused(BuildxFailure.EmulationUnavailable, () => _machine.Emulators.Register(plan));

        Assert.StartsWith("enabled", _machine.Entry("qemu-aarch64"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_seen_only_once_binfmt_misc_is_mounted_is_not_replaced_without_force()
    {
        _machine.Dispose();
        _machine = new FakeMachine(isMounted: false);
        _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu());
        var plan = _machine.Emulators.Plan(_arm64, null, force: false);
        _machine.Add("qemu-aarch64", Arm64, "POCF");

        Refused(BuildxFailure.EmulatorExists, () => _machine.Emulators.Register(plan));

        Assert.Equal("", _machine.Registration);
    }

    [Fact]
    public void Where_binfmt_misc_is_not_mounted_that_is_said_and_a_registration_mounts_it()
    {
        _machine.Dispose();
        _machine = new FakeMachine(isMounted: false);
        _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu());

        var survey = _machine.Emulators.Read();
        var registration = _machine.Emulators.Plan(_arm64, null, force: false);
        _machine.Emulators.Register(registration);

        Assert.Empty(survey.Emulators);
        var warning = Assert.Single(survey.Warnings);
        Assert.Contains($"not mounted at {_machine.Table}", warning, StringComparison.Ordinal);
        Assert.Contains("mount -t binfmt_misc", warning, StringComparison.Ordinal);
        Assert.StartsWith($"Mount binfmt_misc at {_machine.Table}; Register ", registration.Describe(), StringComparison.Ordinal);
        Assert.StartsWith(":qemu-aarch64:", _machine.Registration, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_without_binfmt_misc_and_one_that_switched_it_off_are_told_apart()
    {
        _machine.Add("qemu-aarch64", Arm64, "POCF");
        File.WriteAllText(Path.Join(_machine.Table, "status"), "disabled\n");
        var off = _machine.Emulators.Read();
        Directory.Delete(_machine.Table, recursive: true);
        var none = _machine.Emulators.Read();

        Assert.Contains("switched off", Assert.Single(off.Warnings), StringComparison.Ordinal);
        Assert.False(Assert.Single(off.Emulators).WorksInContainers);
        Assert.Contains("modprobe binfmt_misc", Assert.Single(none.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_is_too_old_for_containers_is_said_and_refused()
    {
        _machine.Host = _machine.Host with { Kernel = new Version(4, 4, 0) };

        Assert.Contains("4.8", Assert.Single(_machine.Emulators.Read().Warnings), StringComparison.Ordinal);
        var failure = Refused(BuildxFailure.EmulationUnavailable, () => _machine.Emulators.Plan(_arm64, null, force: false));
        Assert.Contains("4.4.0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_system_says_where_the_engine_runs()
    {
        _machine.Host = _machine.Host with { IsLinux = false, System = "macOS" };

        var failure = Refused(BuildxFailure.EmulationUnavailable, () => _machine.Emulators.Plan(_arm64, null, force: false));

        Assert.Contains("macOS", failure.Message, StringComparison.Ordinal);
        Assert.Contains("tcp://far.test:2375", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Register-BuildxEmulator -Platform arm64 -Builder default", failure.Advice, StringComparison.Ordinal);
        Refused(BuildxFailure.EmulationUnavailable, () => _machine.Emulators.Read());
    }

    [Fact]
    public void Who_is_not_root_is_told_before_anything_changes()
    {
        _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu());
        _machine.Add("qemu-s390x", "7f454c4602020100000000000000000000020016", "OC");
        _machine.Host = _machine.Host with { IsRoot = false };

        var plan = _machine.Emulators.Plan(_arm64, null, force: false);
        var failure = Refused(BuildxFailure.EmulationDenied, () => _machine.Emulators.Register(plan));
        Refused(BuildxFailure.EmulationDenied, () => _machine.Emulators.Unregister("qemu-s390x"));

        Assert.Contains("-Builder default", failure.Advice, StringComparison.Ordinal);
        Assert.Equal("", _machine.Registration);
    }

    [Fact]
    public void One_that_is_registered_is_replaced_only_by_force()
    {
        var path = _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu());
        _machine.Add("mine", Arm64, "OC", interpreter: "/opt/qemu");

        var failure = Refused(BuildxFailure.EmulatorExists, () => _machine.Emulators.Plan(_arm64, null, force: false));
        var registration = _machine.Emulators.Plan(_arm64, null, force: true);
        _machine.Emulators.Register(registration);

        Assert.Contains("mine (/opt/qemu, flags OC), without the flag F", failure.Message, StringComparison.Ordinal);
        Assert.Contains("'Register-BuildxEmulator -Platform arm64 -Force'", failure.Advice, StringComparison.Ordinal);
        Assert.Equal($"Unregister mine; Register {path} with the flags POCF", registration.Describe());
        Assert.StartsWith("-1", _machine.Entry("mine"), StringComparison.Ordinal);
        Assert.EndsWith(":POCF", _machine.Registration, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_works_needs_nothing()
    {
        _machine.Add("qemu-aarch64", Arm64, "POCF");
        var failure = Refused(BuildxFailure.EmulatorExists, () => _machine.Emulators.Plan(_arm64, null, force: false));
        Assert.StartsWith("Nothing is to be done", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void No_machine_emulates_itself()
    {
        Refused(BuildxFailure.EmulatorNotNeeded, () => _machine.Emulators.Plan(Platform.Parse("linux/amd64"), null, force: true));
        Refused(BuildxFailure.EmulatorNotNeeded, () => _machine.Emulators.Plan(Platform.Parse("linux/386"), null, force: false));
        Refused(BuildxFailure.InterpreterNotFound, () => _machine.Emulators.Plan(Platform.Parse("linux/386"), null, force: true));
        Refused(BuildxFailure.PlatformInvalid, () => _machine.Emulators.Plan(Platform.Parse("windows/arm64"), null, force: false));
    }

    [Fact]
    public void An_interpreter_that_is_missing_says_what_to_install()
    {
        var failure = Refused(BuildxFailure.InterpreterNotFound, () => _machine.Emulators.Plan(_arm64, null, force: false));
        Assert.Contains("neither qemu-aarch64-static nor qemu-aarch64 is in PATH", failure.Message, StringComparison.Ordinal);
        Assert.Contains("qemu-user-static", failure.Advice, StringComparison.Ordinal);
        Refused(BuildxFailure.InterpreterNotFound, () => _machine.Emulators.Plan(_arm64, Path.Join(_machine.Programs, "none"), force: false));
    }

    [Fact]
    public void An_interpreter_that_containers_cannot_use_is_refused_with_the_reason()
    {
        var dynamic = _machine.AddProgram("qemu-aarch64", ElfFiles.Dynamic());
        var foreign = _machine.AddProgram("foreign", ElfFiles.Static("s390x"));
        var script = _machine.AddProgram("script", "#!/bin/sh\n# a wrapper, which is longer than a head\n"u8.ToArray());

        Assert.Contains($"{dynamic}: it is not static", Refused(BuildxFailure.InterpreterInvalid, () => _machine.Emulators.Plan(_arm64, null, force: false)).Message, StringComparison.Ordinal);
        Assert.Contains("not static", Refused(BuildxFailure.InterpreterInvalid, () => _machine.Emulators.Plan(_arm64, dynamic, force: false)).Message, StringComparison.Ordinal);
        Assert.Contains("not a program for this machine", Refused(BuildxFailure.InterpreterInvalid, () => _machine.Emulators.Plan(_arm64, foreign, force: false)).Message, StringComparison.Ordinal);
        Assert.Contains("not an ELF file", Refused(BuildxFailure.InterpreterInvalid, () => _machine.Emulators.Plan(_arm64, script, force: false)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_of_the_kernel_names_the_emulator()
    {
        var path = _machine.AddProgram("qemu-aarch64-static", ElfFiles.Qemu());
        var registration = _machine.Emulators.Plan(_arm64, null, force: false);
        File.Delete(Path.Join(_machine.Table, "register"));

        var failure = Refused(BuildxFailure.EmulationUnavailable, () => _machine.Emulators.Register(registration));

        Assert.Contains($"qemu-aarch64 ({path})", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_emulators_are_taken_out()
    {
        _machine.Add("qemu-aarch64", Arm64, "POCF");
        _machine.Add("python", "550d0d0a", "OC");

        _machine.Emulators.Unregister("qemu-aarch64");
        var failure = Refused(BuildxFailure.EmulatorNotFound, () => _machine.Emulators.Unregister("python"));

        Assert.StartsWith("-1", _machine.Entry("qemu-aarch64"), StringComparison.Ordinal);
        Assert.StartsWith("enabled", _machine.Entry("python"), StringComparison.Ordinal);
        Assert.Contains("no emulator 'python'", failure.Message, StringComparison.Ordinal);
    }

    private static BuildxException Refused(BuildxFailure expected, Action call)
    {
        var failure = Assert.Throws<BuildxException>(call);
        Assert.Equal(expected, failure.Failure);
        Assert.EndsWith(".", failure.Advice, StringComparison.Ordinal);
        return failure;
    }
}
