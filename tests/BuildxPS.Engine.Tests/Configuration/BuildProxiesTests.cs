using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Tests.Configuration;

public sealed class BuildProxiesTests : IDisposable
{
    private readonly TestConfiguration _configuration = new();

    public void Dispose() => _configuration.Dispose();

    [Theory]
    [InlineData("tcp://a.example:2376", "HTTP_PROXY=http://a.proxy NO_PROXY=local")]
    [InlineData("unix:///var/run/docker.sock", "FTP_PROXY=ftp://d.proxy HTTPS_PROXY=http://d.proxy")]
    [InlineData("tcp://none.example:2376", "")]
    public void Proxies_of_the_daemon_or_else_the_default_become_build_arguments(string host, string expected)
    {
        _configuration.Config("""
            {"proxies":{
              "tcp://a.example:2376":{"httpProxy":"http://a.proxy","noProxy":"local","httpsProxy":"","allProxy":"socks://x"},
              "tcp://none.example:2376":null,
              "default":{"httpsProxy":"http://d.proxy","ftpProxy":"ftp://d.proxy"}}}
            """);

        var arguments = BuildProxies.For(DockerConfiguration.Read(_configuration.Environment()), host);

        Assert.Equal(expected, string.Join(' ', arguments.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}")));
    }

    [Fact]
    public void No_configuration_means_no_proxies()
        => Assert.Empty(BuildProxies.For(DockerConfiguration.Read(_configuration.Environment()), "unix:///x"));
}
