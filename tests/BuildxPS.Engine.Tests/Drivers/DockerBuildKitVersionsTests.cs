using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Tests.Drivers;

public sealed class DockerBuildKitVersionsTests
{
    [Theory]
    [InlineData("19.03.1", "v0.5.1+1f89ec1")]
    [InlineData("19.03.14", "v0.6.4+df89d4d")]
    [InlineData("20.10.2", "v0.8.1")]
    [InlineData("20.10.7", "v0.8.2+244e8cde")]
    [InlineData("20.10.23", "v0.8.2+eeb7b65")]
    [InlineData("20.10.24+dfsg1", "v0.8+unknown")]
    [InlineData("23.0.6", "v0.10.6+d52b2d5")]
    [InlineData("23.0.15", "v0.10+unknown")]
    [InlineData("24.0.0-rc.1", null)]
    [InlineData("18.06.1-ce", null)]
    [InlineData("dev", null)]
    [InlineData("", null)]
    public void BuildKit_of_an_old_docker_is_known_by_its_version(string docker, string? buildKit)
        => Assert.Equal(buildKit, DockerBuildKitVersions.Find(docker));
}
