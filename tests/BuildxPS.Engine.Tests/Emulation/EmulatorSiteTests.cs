using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class EmulatorSiteTests : IDisposable
{
    private readonly FakeMachine _machine = new();

    public EmulatorSiteTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere no engine is on this machine.");

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Of_this_machine_with_an_installed_interpreter_the_line_names_no_builder()
    {
        _machine.AddProgram("qemu-aarch64-static", ElfFiles.Static());
        Assert.StartsWith("Run 'Register-BuildxEmulator -Platform arm64'. ", Site("unix:///run/docker.sock", true).Advise(Platform.Parse("linux/arm64")), StringComparison.Ordinal);
        Assert.StartsWith("Run 'Register-BuildxEmulator -Platform arm64 -Force'. ", Site("unix:///run/docker.sock", true).Advise(Platform.Parse("linux/arm64"), replaces: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Else_the_docker_daemon_does_it_named_as_the_user_named_it()
    {
        var platform = Platform.Parse("linux/arm/v7");
        var site = Site("tcp://far.test:2376", true);

        Assert.StartsWith("Run 'Register-BuildxEmulator -Platform arm -Builder mine', ", site.Advise(platform), StringComparison.Ordinal);
        Assert.StartsWith("Run 'Register-BuildxEmulator -Platform arm -Context far', ", (site with { Selection = new BuilderSelection { Context = "far" } }).Advise(platform), StringComparison.Ordinal);
        Assert.StartsWith(
            "Run 'Register-BuildxEmulator -Platform arm -DockerHost tcp://far.test:2376', ",
            (site with { Selection = new BuilderSelection { DockerHost = "tcp://far.test:2376" } }).Advise(platform),
            StringComparison.Ordinal);
        _machine.AddProgram("qemu-arm-static", ElfFiles.Static());
        _machine.Host = _machine.Host with { IsRoot = false };
        Assert.StartsWith("Run 'Register-BuildxEmulator -Platform arm -Builder mine', ", Site("unix:///run/docker.sock", true).Advise(platform), StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_without_docker_is_changed_where_it_runs()
    {
        var platform = Platform.Parse("linux/arm64");

        Assert.StartsWith("Run 'Register-BuildxEmulator -Platform arm64' as root on this machine, ", Site("unix:///run/buildkitd.sock", false).Advise(platform), StringComparison.Ordinal);
        Assert.StartsWith(
            "Run 'Register-BuildxEmulator -Platform arm64' as root on the machine of the engine (tcp://far.test:1234), ", Site("tcp://far.test:1234", false).Advise(platform), StringComparison.Ordinal);
        Assert.StartsWith(
            "Run 'Set-BuildxBuilder mine -DriverOption qemu.install=true', ", (Site("kubernetes:///x", false) with { Driver = "kubernetes" }).Advise(platform), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_can_be_run_as_it_stands()
    {
        var site = Site("tcp://far.test:2376", true) with { Selection = new BuilderSelection { Context = "it's; mine\u2019" } };

        Assert.Contains("-Context 'it''s; mine\u2019\u2019'", site.Advise(Platform.Parse("linux/arm64")), StringComparison.Ordinal);
        Assert.Equal("'@x'", EmulatorSite.Quote("@x"));
        Assert.Contains("'Get-BuildxEmulator -Builder mine'", Site("tcp://far.test:2376", true).Advise(null), StringComparison.Ordinal);
    }

    [Fact]
    public void Docker_Desktops_machine_is_not_this_one()
        => Assert.False(EngineMachine.At("unix:///home/me/.docker/desktop/docker.sock", hasDocker: true).IsHere);

    [Theory]
    [InlineData("OC", true)]
    [InlineData("POCF", false)]
    public void An_emulator_that_containers_cannot_use_is_found_on_this_machine_only(string flags, bool isFound)
    {
        _machine.Add("qemu-aarch64", "7f454c460201010000000000000000000200b700", flags);
        var platform = Platform.Parse("linux/arm64");

        Assert.Equal(isFound, Site("unix:///run/docker.sock", true).FindUnusable(platform) is not null);
        Assert.Null(Site("tcp://far.test:2376", true).FindUnusable(platform));
        Assert.Null(Site("unix:///run/docker.sock", true).FindUnusable(Platform.Parse("linux/s390x")));
    }

    private EmulatorSite Site(string address, bool hasDocker) => new()
    {
        Machine = EngineMachine.At(address, hasDocker),
        Driver = hasDocker ? "docker" : "remote",
        Builder = "mine",
        Selection = new BuilderSelection { Name = "mine" },
        Host = _machine.Host,
    };
}
