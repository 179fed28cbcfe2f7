using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class EmulatedArchitectureTests
{
    // What QEMU's own rules have, by qemu-user-static 7.2.
    [Theory]
    [InlineData("amd64", "7f454c4602010100000000000000000002003e00")]
    [InlineData("386", "7f454c4601010100000000000000000002000300")]
    [InlineData("arm64", "7f454c460201010000000000000000000200b700")]
    [InlineData("arm", "7f454c4601010100000000000000000002002800")]
    [InlineData("riscv64", "7f454c460201010000000000000000000200f300")]
    [InlineData("ppc64le", "7f454c4602010100000000000000000002001500")]
    [InlineData("ppc64", "7f454c4602020100000000000000000000020015")]
    [InlineData("s390x", "7f454c4602020100000000000000000000020016")]
    [InlineData("mips64le", "7f454c4602010100000000000000000002000800")]
    [InlineData("mips64", "7f454c4602020100000000000000000000020008")]
    [InlineData("loong64", "7f454c4602010100000000000000000002000201")]
    public void The_head_of_a_program_tells_its_processor(string name, string magic)
    {
        var architecture = ElfFiles.Architecture(name);

        Assert.Equal(magic, Convert.ToHexStringLower(architecture.Magic));
        Assert.Same(architecture, EmulatedArchitecture.Find(architecture.Magic));
        Assert.Same(architecture, EmulatedArchitecture.Of(architecture.Platform));
    }

    [Theory]
    [InlineData("arm64", "ffffffffffffff00fffffffffffffffffeffffff")]
    [InlineData("s390x", "ffffffffffffff00fffffffffffffffffffeffff")]
    [InlineData("mips64", "ffffffffffffff0000fffffffffffffffffeffff")]
    public void Programs_of_any_system_and_at_any_address_fit(string name, string mask)
        => Assert.Equal(mask, Convert.ToHexStringLower(ElfFiles.Architecture(name).Mask));

    [Fact]
    public void No_two_processors_fit_the_same_program()
    {
        foreach (var architecture in EmulatedArchitecture.All)
        {
            var program = architecture.Magic;
            Assert.Single(EmulatedArchitecture.All, a => program.Zip(a.Magic, a.Mask).All(b => (b.First & b.Third) == (b.Second & b.Third)));
        }
    }

    [Theory]
    [InlineData("windows/amd64")]
    [InlineData("linux/wasm")]
    public void What_cannot_be_emulated_has_none(string platform) => Assert.Null(EmulatedArchitecture.Of(Platform.Parse(platform)));

    [Theory]
    [InlineData("linux/arm/v7", "linux/arm/v6", true)]
    [InlineData("linux/arm/v6", "linux/arm/v7", false)]
    [InlineData("linux/arm/v7", "linux/arm64", false)]
    [InlineData("linux/amd64/v3", "linux/amd64/v2", true)]
    [InlineData("linux/amd64", "linux/amd64/v2", false)]
    [InlineData("linux/amd64", "linux/386", false)]
    public void A_listed_platform_covers_its_older_variants(string listed, string platform, bool expected)
        => Assert.Equal(expected, EmulatedPlatforms.IsListed(Platform.Parse(platform), [Platform.Parse(listed)]));

    [Fact]
    public void Platforms_without_a_system_are_of_Linux()
    {
        Assert.Equal(
            ["linux/arm64", "linux/arm/v7", "linux/riscv64"],
            EmulatedPlatforms.Read(["arm64,arm", "aarch64", "linux/riscv64"]).Select(p => p.ToString()));
        Assert.Equal(BuildxFailure.PlatformInvalid, Assert.Throws<BuildxException>(() => EmulatedPlatforms.Read(["vax"])).Failure);
    }
}
