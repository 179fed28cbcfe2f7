using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Tests.Images;

public sealed class EnvironmentProxyTests
{
    [Theory]
    [InlineData("https://reg.example/", "http://secure:2/")]
    [InlineData("http://reg.example/", "http://plain:1/")]
    [InlineData("https://localhost:5000/", null)]
    [InlineData("https://127.0.0.1:5000/", null)]
    [InlineData("https://[::1]:5000/", null)]
    [InlineData("https://corp.example/", null)]
    [InlineData("https://a.corp.example/", null)]
    [InlineData("https://acorp.example/", "http://secure:2/")]
    [InlineData("https://dot.example/", "http://secure:2/")]
    [InlineData("https://a.dot.example/", null)]
    [InlineData("https://a.star.example/", null)]
    [InlineData("https://10.1.2.3/", null)]
    [InlineData("https://11.1.2.3/", "http://secure:2/")]
    [InlineData("https://port.example:8443/", null)]
    [InlineData("https://port.example/", "http://secure:2/")]
    public void Proxies_are_chosen_as_go_programs_do(string address, string? expected)
    {
        var proxy = EnvironmentProxy.Read(TestClients.Bare with
        {
            Variables = new Dictionary<string, string>
            {
                ["HTTP_PROXY"] = "plain:1",
                ["https_proxy"] = "http://secure:2",
                ["NO_PROXY"] = "corp.example, .dot.example,*.star.example,10.0.0.0/8,port.example:8443",
            },
        });
        Assert.Equal(expected, proxy!.GetProxy(new Uri(address))?.ToString());
        Assert.False(proxy.HasCredentials);
    }

    [Fact]
    public void A_proxy_that_is_no_address_is_named_without_its_value()
    {
        var error = Assert.Throws<BuildxException>(() => EnvironmentProxy.Read(TestClients.Bare with
        {
            Variables = new Dictionary<string, string> { ["HTTPS_PROXY"] = "http://user:s3cret@[" },
        }));
        Assert.Contains("HTTPS_PROXY", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
    }
}
