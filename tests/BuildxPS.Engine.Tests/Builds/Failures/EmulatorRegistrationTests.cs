using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Failures;

public sealed class EmulatorRegistrationTests : IDisposable
{
    private const string Arm64 = "7f454c460201010000000000000000000200b700";
    private const string S390x = "7f454c4602020100000000000000000000020016";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("linux/arm64", "qemu-aarch64")]
    [InlineData("linux/s390x", "qemu-s390x")]
    [InlineData("linux/riscv64", null)]
    [InlineData("linux/ppc64le", null)]
    public void An_entry_without_the_flag_is_found_by_its_processor(string platform, string? expected)
    {
        Write("qemu-aarch64", Arm64, "OC");
        Write("qemu-s390x", S390x, "");
        Write("qemu-ppc64le", "7f454c4602010100000000000000000002001500", "POCF");

        var found = EmulatorRegistration.FindUnusable(Platform.Parse(platform), _folder.Path);

        Assert.Equal(expected, found?.Name);
        Assert.Equal(expected is null ? null : $"/usr/bin/{expected}-static", found?.Interpreter);
    }

    [Fact]
    public void What_is_disabled_or_no_entry_does_not_count()
    {
        Write("qemu-aarch64", Arm64, "OC", "disabled");
        Write("python", "550d0d0a", "OC");
        Write("short", "7f45", "OC");
        _folder.Write("status", "enabled\n");
        _folder.Write("register", "");
        _folder.Write("empty", "");
        _folder.Write("large", new string('x', 100_000));

        Assert.Null(EmulatorRegistration.FindUnusable(Platform.Parse("linux/arm64"), _folder.Path));
        Assert.Null(EmulatorRegistration.FindUnusable(Platform.Parse("linux/arm64"), Path.Join(_folder.Path, "nowhere")));
    }

    private void Write(string name, string magic, string flags, string status = "enabled")
        => _folder.Write(name, $"{status}\ninterpreter /usr/bin/{name}-static\nflags: {flags}\noffset 0\nmagic {magic}\nmask ffffffffffffff00fffffffffffffffffeffffff\n");
}
