using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>A policy is never dropped in silence: what cannot be used is refused, and so is an engine that would ignore it.</summary>
public sealed class SourcePolicyTests : IDisposable
{
    private const string Rules = """{"rules":[{"action":"DENY","selector":{"identifier":"docker-image://*"}}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_file_is_read_as_it_is() => Assert.Equal(Rules, System.Text.Encoding.UTF8.GetString(Read(_folder.Write("policy.json", Rules))!.Value.Span));

    [Fact]
    public void Without_the_variable_there_is_none() => Assert.Null(Read(null));

    [Theory]
    [InlineData("policy.json", "not absolute")]
    [InlineData("FOLDER", "a folder")]
    [InlineData("FOLDER/missing.json", "missing.json")]
    [InlineData("FOLDER/text.json", "text.json")]
    public void What_cannot_be_used_is_named(string path, string part)
    {
        _folder.Write("text.json", "no policy");
        var failure = Assert.Throws<BuildxException>(() => Read(path.Replace("FOLDER", _folder.Path, StringComparison.Ordinal)));
        Assert.Equal(BuildxFailure.ConfigurationInvalid, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.Contains("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_that_would_ignore_it_is_refused()
    {
        var old = new EngineDescription { Version = "v0.10.0", Capabilities = new HashSet<string>() };
        Assert.Equal(BuildxFailure.EngineUnsupported, Assert.Throws<BuildxException>(() => SourcePolicy.CheckEngine(new byte[1], old)).Failure);
        SourcePolicy.CheckEngine(null, old);
        SourcePolicy.CheckEngine(new byte[1], old with { Capabilities = new HashSet<string> { "source.policy" } });
    }

    private static ReadOnlyMemory<byte>? Read(string? path) => SourcePolicy.Read(new ClientEnvironment
    {
        HomeDirectory = "/",
        Variables = path is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"] = path },
    });
}
