using CsCheck;

namespace BuildxPS.Engine.Tests;

public sealed class OutputSpecTests
{
    private const string Characters = "abz09,\"'=; \t\n\r\\/:-éЖ\ud83d\ude00";

    private static readonly string[] s_types = ["local", "tar", "image", "registry", "docker", "oci", "cacheonly", "other"];

    private static readonly Gen<string> s_text = Gen.Int[0, Characters.Length - 1].Array[0, 12].Select(at => string.Concat(at.Select(i => Characters[i])));
    private static readonly Gen<string> s_key = s_text.Select(t => "x" + string.Concat(t.Where(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or ':')));

    [Fact]
    public void Any_output_reads_back_from_its_text()
        => Gen.Select(Gen.Int[0, s_types.Length - 1], Gen.Bool, s_text, Gen.Select(s_key, s_text).Array[0, 4]).Sample(parts =>
        {
            var spec = new OutputSpec
            {
                Type = s_types[parts.Item1],
                Destination = parts.Item2 ? parts.Item3 : null,
                Attributes = parts.Item4.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2),
            };
            var read = OutputSpec.Parse(spec.ToString());
            Assert.Equal((spec.Type, spec.Destination), (read.Type, read.Destination));
            Assert.Equal(spec.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal), read.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal));
            Assert.Equal(spec.ToString(), read.ToString());
        });

    [Fact]
    public void A_text_is_an_output_or_is_refused_with_what_to_write()
        => s_text.Array[0, 5].Select(parts => string.Join(',', parts.Select((p, i) => i == 0 ? "type=" + p : p))).Sample(text =>
        {
            try
            {
                var spec = OutputSpec.Parse(text);
                Assert.Equal(spec.ToString(), OutputSpec.Parse(spec.ToString()).ToString());
            }
            catch (BuildxException e)
            {
                Assert.Equal(BuildxFailure.OutputInvalid, e.Failure);
                Assert.Contains("type=local,dest=folder", e.Advice, StringComparison.Ordinal);
            }
        });

    [Theory]
    [InlineData("-", "type=tar,dest=-")]
    [InlineData(" - ", "type=tar,dest=-")]
    [InlineData("folder", "type=local,dest=folder")]
    [InlineData("type", "type=local,dest=type")]
    [InlineData("\"a,b\"", "type=local,\"dest=a,b\"")]
    [InlineData("TYPE=Tar,Dest=A.tar", "type=tar,dest=A.tar")]
    [InlineData("type=tar,dest=a,dest=b", "type=tar,dest=b")]
    [InlineData("type=oci, dest=-", "type=oci,dest=-")]
    [InlineData("type=image,\"name=a,b\",push=true", "type=image,\"name=a,b\",push=true")]
    [InlineData("type=local,\"dest=say \"\"hi\"\"\"", "type=local,\"dest=say \"\"hi\"\"\"")]
    public void Text_is_read_and_printed_as_buildx_does(string text, string expected)
        => Assert.Equal(expected, OutputSpec.Parse(text).ToString());

    [Theory]
    [InlineData("", "empty")]
    [InlineData("  ", "empty")]
    [InlineData(",", "commas")]
    [InlineData(",,", "commas")]
    [InlineData("type=", "no type")]
    [InlineData("type=,dest=x", "no type")]
    [InlineData("dest=x,push=true", "no type")]
    [InlineData("type=tar,", "part ''")]
    [InlineData("type=tar,,dest=x", "part ''")]
    [InlineData("type=tar,dest", "'dest'")]
    [InlineData("type=tar,=x", "'=x'")]
    [InlineData("type=tar,\"dest=x", "quotes")]
    [InlineData("type=tar,de\"st=x", "quotes")]
    [InlineData("type=tar,\"dest=x\"y", "quotes")]
    [InlineData("tpye=tar,dest=x", "no type")]
    public void A_malformed_text_is_refused_naming_the_part_and_showing_a_right_one(string text, string part)
    {
        var failure = Assert.Throws<BuildxException>(() => OutputSpec.Parse(text));
        Assert.Equal(BuildxFailure.OutputInvalid, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.Contains("type=local,dest=folder", failure.Advice, StringComparison.Ordinal);
    }
}
