using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class ForeignArchitecturesTests
{
    private static readonly Platform s_amd64 = Platform.Parse("linux/amd64");
    private static readonly Platform s_arm64 = Platform.Parse("linux/arm64");

    [Fact]
    public void Each_machine_gets_what_it_lacks()
    {
        var needs = new ForeignArchitectures([ElfFiles.Architecture("amd64"), ElfFiles.Architecture("arm64")], force: false);

        Assert.Equal("arm64", Assert.Single(needs.Of("one", "n0", s_amd64)).Name);
        Assert.Equal("amd64", Assert.Single(needs.Of("two", "n1", s_arm64)).Name);
        Assert.Empty(needs.Unneeded());
    }

    [Fact]
    public void What_a_machine_runs_by_itself_keeps_nothing_else_from_it_and_is_said()
    {
        var needs = new ForeignArchitectures([ElfFiles.Architecture("amd64"), ElfFiles.Architecture("arm64")], force: false);

        Assert.Equal("arm64", Assert.Single(needs.Of("one", "n0", s_amd64)).Name);
        var answer = Assert.Single(needs.Unneeded());
        Assert.Equal((BuildxFailure.EmulatorNotNeeded, "n0"), (answer.Failure?.Failure, answer.Node));
    }
}
