namespace BuildxPS.Engine.Tests.Builds;

public sealed class SshSpecTests
{
    [Theory]
    [InlineData("default", "default", "")]
    [InlineData("default=", "default", "")]
    [InlineData("=/a.sock", "default", "/a.sock")]
    [InlineData("default=/a.sock", "default", "/a.sock")]
    [InlineData("git hub=/a,/b", "git hub", "/a|/b")]
    [InlineData("x=/a=b", "x", "/a=b")]
    public void Text_is_read_as_buildx_reads_it(string text, string id, string paths)
    {
        var ssh = SshSpec.Parse(text);
        Assert.Equal((id, paths), (ssh.Id, string.Join('|', ssh.Paths)));
        Assert.Equal(ssh.ToString(), SshSpec.Parse(ssh.ToString()).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a=/x,")]
    [InlineData("a=/x, ,/y")]
    public void What_is_no_agent_is_refused(string text)
        => Assert.Equal(BuildxFailure.SshInvalid, Assert.Throws<BuildxException>(() => SshSpec.Parse(text)).Failure);
}
