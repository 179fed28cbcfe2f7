using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class InstallerImageTests
{
    private static readonly EmulatedArchitecture[] s_wanted = [ElfFiles.Architecture("arm64"), ElfFiles.Architecture("arm")];

    [Fact]
    public void The_usual_image_is_asked_as_its_makers_say()
    {
        var image = InstallerImage.Parse(null);

        Assert.Equal("docker.io/tonistiigi/binfmt:latest", image.Reference.ToString());
        Assert.Equal(["--install", "arm64,arm"], image.Install(s_wanted, replaces: false));
        Assert.Equal(["--uninstall", "qemu-aarch64,qemu-arm", "--install", "arm64,arm"], image.Install(s_wanted, replaces: true));
        Assert.Equal(["--uninstall", "qemu-aarch64"], image.Uninstall(["qemu-aarch64"]));
    }

    [Fact]
    public void Its_elder_registers_everything_and_takes_nothing_away()
    {
        var image = InstallerImage.Parse("registry.test:5000/mirror/multiarch/qemu-user-static:7.2.0-1");

        Assert.Equal(["--reset", "-p", "yes"], image.Install(s_wanted, replaces: false));
        Assert.Equal(BuildxFailure.ArgumentInvalid, Assert.Throws<BuildxException>(() => image.Uninstall(["qemu-aarch64"])).Failure);
        var output = InstallerOutput.Read(0, [], ["Setting /usr/bin/qemu-aarch64-static as binfmt interpreter for aarch64"]);
        Assert.Equal(InstallOutcome.Registered, image.OutcomeOf(s_wanted[0], output));
        Assert.Equal(InstallOutcome.Failed, image.OutcomeOf(s_wanted[1], output));
        Assert.Equal(InstallOutcome.Failed, image.OutcomeOf(s_wanted[1], InstallerOutput.Read(0, [], ["Setting /usr/bin/qemu-armeb-static as binfmt interpreter for armeb"])));
        Assert.Equal(BuildxFailure.ArgumentInvalid, Assert.Throws<BuildxException>(() => image.RequireConsent(force: false)).Failure);
        image.RequireConsent(force: true);
        InstallerImage.Parse(null).RequireConsent(force: false);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("qemu-*")]
    [InlineData("python3.11")]
    [InlineData("qemu-arm,python3")]
    [InlineData("qemu-arm\n")]
    [InlineData("arm64")]
    [InlineData("")]
    public void Nothing_but_emulators_by_their_names_is_taken_away(string name)
        => Assert.Equal(BuildxFailure.ArgumentInvalid, Assert.Throws<BuildxException>(() => InstallerImage.Parse(null).Uninstall(["qemu-aarch64", name])).Failure);

    [Theory]
    [InlineData("installing: arm64 OK", 1)]
    [InlineData("installing: arm64 qemu-aarch64 already registered", 2)]
    [InlineData("installing: arm64 cannot register \"/usr/bin/qemu-aarch64\" to /proc/sys/fs/binfmt_misc/register: write: invalid argument", 0)]
    [InlineData("installing: arm OK", 0)]
    [InlineData("something else", 0)]
    public void What_the_usual_image_prints_is_believed_and_its_exit_code_is_not(string line, int expected)
        => Assert.Equal((InstallOutcome)expected, InstallerImage.Parse(null).OutcomeOf(s_wanted[0], InstallerOutput.Read(0, [line], [])));

    [Fact]
    public void An_image_that_only_tells_the_state_is_believed_too()
    {
        var output = InstallerOutput.Read(0, [], ["{", "  \"supported\": [\"linux/amd64\"],", "  \"emulators\": [\"qemu-aarch64\", 7]", "}"]);

        Assert.Equal(InstallOutcome.Registered, InstallerImage.Parse(null).OutcomeOf(s_wanted[0], output));
        Assert.Equal(InstallOutcome.Failed, InstallerImage.Parse(null).OutcomeOf(s_wanted[1], output));
        Assert.Empty(InstallerOutput.Read(0, [], ["{\"emulators\": null}"]).Emulators);
        Assert.Empty(InstallerOutput.Read(0, [], ["[]"]).Emulators);
    }

    [Theory]
    [InlineData("uninstalling: qemu-aarch64 OK", true)]
    [InlineData("uninstalling: aarch64 OK", true)]
    [InlineData("uninstalling: qemu-aarch64_be OK", null)]
    [InlineData("uninstalling: qemu-aarch64 not found", false)]
    [InlineData("uninstalling: qemu-aarch64 permission denied", null)]
    [InlineData("", null)]
    public void What_was_taken_away_is_told_by_name(string line, bool? expected)
        => Assert.Equal(expected, InstallerImage.IsRemoved("qemu-aarch64", InstallerOutput.Read(0, [line], [])));

    [Fact]
    public async Task What_it_printed_is_shown_without_what_a_terminal_would_obey()
    {
        var printed = "\u001b[31merror\u001b[0m\u0007"u8.ToArray();
        byte[] frame = [2, 0, 0, 0, 0, 0, 0, (byte)printed.Length, .. printed];

        var line = await ContainerLog.ReadTailAsync(new MemoryStream(frame), TestContext.Current.CancellationToken);

        Assert.Equal("\nIt printed:\n  error\n  state", InstallerOutput.Read(1, [line.TrimEnd('\n')], ["state"]).Show());
    }
}
