using System.Text;
using BuildxPS.Engine.Builds.Results;

namespace BuildxPS.Engine.Tests.Builds.Results;

public sealed class BuildMetadataTests
{
    [Theory]
    [InlineData("""{"mediaType":"x","size":5}""", true)]
    [InlineData("""[{"a":1}]""", true)]
    [InlineData("[]", false)]
    [InlineData("[1]", false)]
    [InlineData("12", false)]
    [InlineData("no json", false)]
    public void A_value_that_is_encoded_json_is_that_json(string text, bool isDecoded)
    {
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var metadata = BuildMetadata.Create(new Dictionary<string, string> { ["containerimage.descriptor"] = encoded }, "b/n/r");
        Assert.Equal(isDecoded ? text : encoded, metadata["containerimage.descriptor"]);
        Assert.Equal("b/n/r", metadata["buildx.build.ref"]);
    }

    [Fact]
    public void A_plain_value_stays_as_it_is()
        => Assert.Equal("sha256:abc", BuildMetadata.Create(new Dictionary<string, string> { ["containerimage.digest"] = "sha256:abc" }, "r")["containerimage.digest"]);
}
