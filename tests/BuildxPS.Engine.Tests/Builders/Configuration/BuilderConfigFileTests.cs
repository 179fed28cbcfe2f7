using System.Text;
using BuildxPS.Engine.Builders.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builders.Configuration;

public sealed class BuilderConfigFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private BuilderConfigFile Read(string text) => BuilderConfigFile.Read(_folder.Write("b.toml", text));

    private static string Text(BuilderConfigFile file, string name) => Encoding.UTF8.GetString(file.Files[name]);

    [Fact]
    public void File_without_certificates_stays_as_it_is_comments_and_all()
    {
        const string Config = """
            # mine
            debug = true
            insecure-entitlements = ["security.insecure", "network.host"]
            [worker.oci]
              gckeepstorage = "10GB"
              [[worker.oci.gcpolicy]]
                all = true
                keepDuration = "48h"
            [registry."docker.io"]
              mirrors = ["mirror.example:5000"]
            """;
        var file = Read(Config);
        Assert.Equal(Config, Text(file, "buildkitd.toml"));
        Assert.True(file.GrantsNetworkHost);
        Assert.Empty(file.Warnings);
    }

    [Fact]
    public void Certificates_are_taken_along_under_their_paths_in_the_container()
    {
        _folder.Write("tls/ca.pem", "authority");
        _folder.Write("tls/key.pem", "key");
        _folder.Write("tls/cert.pem", "certificate");

        var file = Read("""
            [registry."r.example:5000"]
              ca = ["tls/ca.pem"]
              [[registry."r.example:5000".keypair]]
                key = "tls/key.pem"
                cert = "tls/cert.pem"
            """);

        Assert.Equal(
            ["buildkitd.toml", "certs/r.example_5000/ca.pem", "certs/r.example_5000/cert.pem", "certs/r.example_5000/key.pem"],
            file.Files.Keys);
        Assert.Equal("authority", Text(file, "certs/r.example_5000/ca.pem"));
        Assert.Contains("\"/etc/buildkit/certs/r.example_5000/ca.pem\"", Text(file, "buildkitd.toml"), StringComparison.Ordinal);
        Assert.Contains("key = \"/etc/buildkit/certs/r.example_5000/key.pem\"", Text(file, "buildkitd.toml"), StringComparison.Ordinal);
        Assert.Contains("cert = \"/etc/buildkit/certs/r.example_5000/cert.pem\"", Text(file, "buildkitd.toml"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("debug = true\n[registry.\"x\"\nhttp = true\n", "line 2, column 14")]
    [InlineData("a =\n", "line 1, column")]
    [InlineData("debug = true\ndebug = false\n", "line 2, column 1: The key `debug` is already defined")]
    [InlineData("debug = \"yes\"\n", "the key debug must be true or false")]
    [InlineData("[registry.\"a:1\"]\nhttp = \"true\"\n", "the key registry.\"a:1\".http must be true or false")]
    [InlineData("[registry.x]\nca = [\"nowhere.pem\"]\n", "the CA file of the registry 'x'")]
    [InlineData("[[registry.x.keypair]]\nkey = \"nowhere.pem\"\n", "nowhere.pem does not exist")]
    [InlineData("registry = 1\n", "the key registry must be a table")]
    [InlineData("[registry]\nx = 1\n", "the key registry.x must be a table")]
    [InlineData("[registry.x]\nkeypair = [1]\n", "must be a list of tables")]
    public void Wrong_file_is_refused_with_the_place(string text, string expected)
    {
        var failure = Assert.Throws<BuildxException>(() => Read(text));
        Assert.Equal(BuildxFailure.ConfigFileInvalid, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains("b.toml", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_file_is_named()
    {
        var path = Path.Join(_folder.Path, "none.toml");
        var failure = Assert.Throws<BuildxException>(() => BuilderConfigFile.Read(path));
        Assert.Contains($"{path} cannot be used: the config file does not exist", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_files_of_one_name_are_not_mixed_up()
    {
        _folder.Write("a/ca.pem", "1");
        _folder.Write("b/ca.pem", "2");
        var failure = Assert.Throws<BuildxException>(() => Read("[registry.x]\nca = [\"a/ca.pem\", \"b/ca.pem\"]\n"));
        Assert.Contains("ca.pem", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_that_BuildKit_passes_over_is_said()
        => Assert.Equal(
            ["registry.x.htttp", "workr"],
            Read("[registry.x]\nhtttp = true\n[workr]\na=1\n").Warnings.Select(w => w.Split(' ')[6]).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("", false, false, "--allow-insecure-entitlement=network.host")]
    [InlineData("", false, true, "")]
    [InlineData("", true, true, "--allow-insecure-entitlement=network.host")]
    [InlineData("--allow-insecure-entitlement security.insecure", false, false, "--allow-insecure-entitlement|security.insecure")]
    [InlineData("--allow-insecure-entitlement security.insecure", true, false, "--allow-insecure-entitlement|security.insecure|--allow-insecure-entitlement=network.host")]
    [InlineData("--allow-insecure-entitlement=network.host", true, false, "--allow-insecure-entitlement=network.host")]
    [InlineData("--debug 'a b' \"c\\\"d\" e\\ f", false, true, "--debug|a b|c\"d|e f")]
    public void Flags_are_split_and_completed_as_buildx_does(string given, bool usesHostNetwork, bool configGrants, string expected)
        => Assert.Equal(
            expected.Length == 0 ? null : expected.Split('|'),
            BuildKitFlags.Complete(BuildKitFlags.Split([given]), usesHostNetwork, configGrants));

    [Fact]
    public void Open_quotation_mark_is_refused()
        => Assert.Equal(BuildxFailure.BuildKitFlagInvalid, Assert.Throws<BuildxException>(() => BuildKitFlags.Split(["--a 'b"])).Failure);
}
