using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Tests.Connections;

public sealed class EngineAddressTests
{
    [Theory]
    [InlineData("unix:///run/d.sock", false, "/run/d.sock", "", 0, false)]
    [InlineData(" unix:///run/d.sock ", true, "/run/d.sock", "", 0, false)]
    [InlineData("unix://", false, "/var/run/docker.sock", "", 0, false)]
    [InlineData("tcp://build.example:2375", false, null, "build.example", 2375, false)]
    [InlineData("tcp://build.example", false, null, "build.example", 2375, false)]
    [InlineData("tcp://build.example", true, null, "build.example", 2376, true)]
    [InlineData("tcp://build.example:1/", true, null, "build.example", 1, true)]
    [InlineData("TCP://10.0.0.1:99", false, null, "10.0.0.1", 99, false)]
    [InlineData("tcp://[::1]:2375", false, null, "::1", 2375, false)]
    [InlineData("tcp://[::1]", true, null, "::1", 2376, true)]
    [InlineData("tcp://", false, null, "localhost", 2375, false)]
    [InlineData("10.0.0.1:2375", false, null, "10.0.0.1", 2375, false)]
    [InlineData("http://build.example", false, null, "build.example", 80, false)]
    [InlineData("http://build.example:8080", true, null, "build.example", 8080, true)]
    [InlineData("https://build.example", false, null, "build.example", 443, true)]
    public void Address_is_parsed_as_docker_parses_it(string text, bool hasTls, string? path, string host, int port, bool usesTls)
    {
        var address = EngineAddress.Parse(text, hasTls);

        Assert.Equal((path, host, port, usesTls), (address.SocketPath, address.Host, address.Port, address.UsesTls));
        Assert.Equal(text.Trim(), address.Text);
    }

    [Theory]
    [InlineData("fd://", "fd://", "unix://PATH")]
    [InlineData("docker-container://name", "docker-container://", "unix://PATH")]
    [InlineData("ftp://build.example", "ftp://", "tcp://HOST:PORT")]
    public void Scheme_that_is_not_there_is_named_with_what_to_do(string text, string named, string advice)
    {
        var failure = Assert.Throws<BuildxException>(() => EngineAddress.Parse(text, hasTls: false));

        Assert.Equal(BuildxFailure.EndpointUnsupported, failure.Failure);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.Contains(advice, failure.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("://x", "no scheme")]
    [InlineData("/var/run/docker.sock", "no scheme")]
    [InlineData("unix:/var/run/docker.sock", "no scheme")]
    [InlineData("unix://docker.sock", "'docker.sock' is not absolute")]
    [InlineData("unix:///run/a\u001b[2J", "control character")]
    [InlineData("tcp://host:0", "port '0'")]
    [InlineData("tcp://host:65536", "port '65536'")]
    [InlineData("tcp://host:-1", "port '-1'")]
    [InlineData("tcp://host:", "port ''")]
    [InlineData("tcp://host:2375/prefix", "path")]
    [InlineData("tcp://host:2375?x", "path")]
    [InlineData("tcp://::1:2375", "brackets")]
    [InlineData("tcp://ho st:2375", "'ho st'")]
    [InlineData("tcp://me@host:2375", "user name")]
    public void Address_that_is_none_is_refused_with_its_part(string text, string part)
    {
        var failure = Assert.Throws<BuildxException>(() => EngineAddress.Parse(text, hasTls: false));

        Assert.Equal(BuildxFailure.EndpointInvalid, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    [Theory]
    [InlineData("ssh://build.example", "build.example", null, null, null, "docker system dial-stdio")]
    [InlineData("ssh://me@build.example:2222", "build.example", "me", 2222, null, "docker system dial-stdio")]
    [InlineData("ssh://me@[::1]/run/docker.sock", "::1", "me", null, "/run/docker.sock", "docker --host=unix:///run/docker.sock system dial-stdio")]
    [InlineData("ssh://alias/run/it's", "alias", null, null, "/run/it's", "docker --host=unix://'/run/it'\\''s' system dial-stdio")]
    public void Ssh_addresses_name_a_machine(string text, string host, string? user, int? port, string? socket, string command)
    {
        var target = EngineAddress.Parse(text, hasTls: false).Ssh!;
        Assert.Equal((host, user, port, socket, command), (target.Host, target.User, target.Port, target.SocketPath, target.DockerCommand));
    }

    [Theory]
    [InlineData("npipe:////./pipe/docker_engine", ".", "docker_engine")]
    [InlineData(@"npipe://\\server\pipe\a\b", "server", @"a\b")]
    public void Pipe_addresses_name_a_pipe_of_Windows(string text, string server, string name)
        => Assert.Equal((server, name), EngineAddress.Parse(text, hasTls: false).Pipe);

    [Theory]
    [InlineData("ssh://")]
    [InlineData("ssh://-oProxyCommand=x")]
    [InlineData("ssh://@host")]
    [InlineData("ssh://host?x=1")]
    [InlineData("ssh://host#x")]
    [InlineData("ssh://me:secret@host")]
    [InlineData("ssh://host:0")]
    [InlineData("npipe://docker_engine")]
    [InlineData("npipe:////./pipe/")]
    public void What_ssh_or_a_pipe_cannot_reach_is_refused(string text)
        => Assert.Equal(BuildxFailure.EndpointInvalid, Assert.Throws<BuildxException>(() => EngineAddress.Parse(text, hasTls: false)).Failure);

    [Fact]
    public void Socket_path_that_the_system_cannot_hold_is_refused()
        => Assert.Contains("107", Assert.Throws<BuildxException>(
            () => EngineAddress.Parse("unix:///" + new string('a', 107), hasTls: false)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("ssh://me:secret@build.example")]
    [InlineData("tcp://me:secret@build.example:2376")]
    [InlineData("tcp://me:sec:ret@secret@build.example:2376")]
    public void Password_in_an_address_is_never_shown(string text)
    {
        var failure = Assert.Throws<BuildxException>(() => EngineAddress.Parse(text, hasTls: false));

        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ret@", failure.ToString(), StringComparison.Ordinal);
    }
}
