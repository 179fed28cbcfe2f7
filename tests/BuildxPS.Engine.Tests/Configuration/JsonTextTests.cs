using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Tests.Configuration;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("{}", "{\n\t\"auths\": {\n\t\t\"h\": {\n\t\t\t\"auth\": \"x\"\n\t\t}\n\t}\n}")]
    [InlineData("""{"a":1}""", """{"a":1,"auths":{"h":{"auth":"x"}}}""")]
    [InlineData("{\n  \"a\" : [ 1,2 ],\n  \"auths\" : {\n    \"o\" : { }\n  }\n}\n", "{\n  \"a\" : [ 1,2 ],\n  \"auths\" : {\n    \"o\" : { },\n    \"h\" : {\n      \"auth\" : \"x\"\n    }\n  }\n}\n")]
    [InlineData("{\r\n\t\"auths\": {}\r\n}", "{\r\n\t\"auths\": {\r\n\t\t\"h\": {\r\n\t\t\t\"auth\": \"x\"\r\n\t\t}\r\n\t}\r\n}")]
    [InlineData("""{"auths":null,"z":"é\u0041"}""", """{"auths":{"h":{"auth":"x"}},"z":"é\u0041"}""")]
    [InlineData("""{"Auths":{"h":{"auth":"old","email":"e"},"i":{}}}""", """{"Auths":{"h":{"auth":"x"},"i":{}}}""")]
    [InlineData("""{"auths":{"H":{}}}""", """{"auths":{"H":{},"h":{"auth":"x"}}}""")]
    public void A_member_is_set_and_all_else_stays(string before, string after)
        => Assert.Equal(after, Text(JsonText.Set(Encoding.UTF8.GetBytes(before), ["auths", "h"], new JsonObject { ["auth"] = "x" })));

    [Theory]
    [InlineData("""{"auths":{"h":{"auth":"x"}},"z":1}""", """{"auths":{},"z":1}""")]
    [InlineData("{\n  \"auths\": {\n    \"a\": {},\n    \"h\": {}\n  }\n}", "{\n  \"auths\": {\n    \"a\": {}\n  }\n}")]
    [InlineData("{\n  \"auths\": {\n    \"h\": {},\n    \"z\": {}\n  }\n}", "{\n  \"auths\": {\n    \"z\": {}\n  }\n}")]
    [InlineData("""{"auths":{"other":{}}}""", """{"auths":{"other":{}}}""")]
    [InlineData("""{"auths":null}""", """{"auths":null}""")]
    [InlineData("{}", "{}")]
    public void A_member_is_removed_and_all_else_stays(string before, string after)
        => Assert.Equal(after, Text(JsonText.Remove(Encoding.UTF8.GetBytes(before), "auths", "h")));

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"a\":")]
    [InlineData("""{"auths":{},"AUTHS":{}}""")]
    [InlineData("""{"auths":{"h":{},"h":{}}}""")]
    public void What_can_be_read_in_two_ways_is_refused(string json)
    {
        Assert.ThrowsAny<JsonException>(() => JsonText.Set(Encoding.UTF8.GetBytes(json), ["auths", "h"], new JsonObject()));
        Assert.ThrowsAny<JsonException>(() => JsonText.Remove(Encoding.UTF8.GetBytes(json), "auths", "h"));
    }

    [Fact]
    public void A_host_that_was_set_and_removed_leaves_the_file_as_it_was()
        => CsCheck.Check.Sample(CsCheck.Gen.String[CsCheck.Gen.Char["ab\\\"é/ "], 1, 6], host =>
        {
            var before = Encoding.UTF8.GetBytes("{\n\t\"x\": \"\\u0041\",\n\t\"auths\": {\n\t\t\"k\": {}\n\t}\n}");
            var after = JsonText.Remove(JsonText.Set(before, ["auths", host], new JsonObject { ["auth"] = "y" }), "auths", host);
            Assert.Equal(Text(before), Text(after));
        });

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
