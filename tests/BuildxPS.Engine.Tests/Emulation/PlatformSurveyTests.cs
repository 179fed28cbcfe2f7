using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class PlatformSurveyTests : IDisposable
{
    private static readonly Platform[] s_listed = [.. new[] { "linux/amd64", "linux/386", "linux/arm64", "linux/s390x" }.Select(Platform.Parse)];

    private static readonly NamedEngine s_mine = new("mine", null, null);

    private readonly FakeMachine _machine = new();

    public PlatformSurveyTests()
    {
        _machine.Add("qemu-aarch64", "7f454c460201010000000000000000000200b700", "POCF");
        _machine.Add("qemu-riscv64", "7f454c460201010000000000000000000200f300", "POCF");
        _machine.Add("qemu-arm", "7f454c4601010100000000000000000002002800", "OC");
        _machine.Add("qemu-ppc64le", "7f454c4602010100000000000000000002001500", "POCF", "disabled");
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("linux/amd64", PlatformMode.Native, null, "")]
    [InlineData("linux/386", PlatformMode.Native, null, "")]
    [InlineData("linux/arm64", PlatformMode.Emulated, "qemu-aarch64", "")]
    [InlineData("linux/riscv64", PlatformMode.Emulated, "qemu-riscv64", "does not list it yet")]
    [InlineData("linux/s390x", PlatformMode.Missing, null, "not registered any more")]
    [InlineData("linux/arm/v7", PlatformMode.Missing, "qemu-arm", "without the flag F")]
    [InlineData("linux/ppc64le", PlatformMode.Missing, "qemu-ppc64le", "switched off")]
    [InlineData("linux/loong64", PlatformMode.Missing, null, "")]
    public void The_kernel_of_this_machine_is_looked_at(string platform, PlatformMode mode, string? emulator, string note)
    {
        var found = PlatformSurvey.Describe(s_mine, "mine0", Platform.Parse(platform), s_listed, _machine.Host.Table.Read());

        Assert.Equal((mode, emulator), (found.Mode, found.Emulator));
        Assert.Contains(note, found.Note, StringComparison.Ordinal);
        Assert.Equal(note.Length == 0, found.Note.Length == 0);
    }

    [Theory]
    [InlineData("linux/arm64", PlatformMode.Emulated)]
    [InlineData("linux/s390x", PlatformMode.Emulated)]
    [InlineData("linux/riscv64", PlatformMode.Missing)]
    [InlineData("linux/amd64/v3", PlatformMode.Missing)]
    public void Of_an_engine_elsewhere_its_list_is_believed(string platform, PlatformMode mode)
        => Assert.Equal(mode, PlatformSurvey.Describe(s_mine, "mine0", Platform.Parse(platform), s_listed, null).Mode);

    [Theory]
    [InlineData("linux/amd64", "linux/386", PlatformMode.Native)]
    [InlineData("linux/arm64", "linux/arm/v7", PlatformMode.Missing)]
    public void What_the_processor_may_run_and_the_engine_does_not_list_has_a_note(string own, string platform, PlatformMode mode)
    {
        var found = PlatformSurvey.Describe(s_mine, "mine0", Platform.Parse(platform), [Platform.Parse(own)], null);

        Assert.Equal(mode, found.Mode);
        Assert.Contains("processor", found.Note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "tcp://far.test:2376", null, null, "tcp://far.test:2376")]
    [InlineData("far", null, null, "far", null)]
    [InlineData(null, null, "default", null, null)]
    public void What_is_piped_on_means_the_engine_that_was_asked(string? context, string? host, string? expectedBuilder, string? expectedContext, string? expectedHost)
    {
        var engine = NamedEngine.Of(new BuilderSelection { Context = context, DockerHost = host }, "default");

        var found = PlatformSurvey.Describe(engine, "default", Platform.Parse("linux/arm64"), s_listed, null);

        Assert.Equal((expectedBuilder, expectedContext, expectedHost), (found.Builder, found.Context, found.DockerHost));
    }
}
