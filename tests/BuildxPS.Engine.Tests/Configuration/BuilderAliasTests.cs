using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Tests.Configuration;

public sealed class BuilderAliasTests : IDisposable
{
    private const string Before = "{\n    \"auths\" : { \"r\" : { \"auth\" : \"YTpi\" } },\n    \"currentContext\" : \"x\"\n}\n";

    private readonly TestConfiguration _docker = new();

    public void Dispose() => _docker.Dispose();

    private string ConfigFile => Path.Join(_docker.Home, ".docker", "config.json");

    private BuilderAlias Alias => new(_docker.Environment());

    [Fact]
    public void Everything_else_in_the_file_stays_and_what_was_added_goes()
    {
        _docker.Config(Before);
        Alias.Install();
        Assert.Equal(Before.Replace("\"x\"\n", "\"x\",\n    \"aliases\" : {\n        \"builder\" : \"buildx\"\n    }\n", StringComparison.Ordinal), File.ReadAllText(ConfigFile));
        Alias.Install();
        Assert.Equal("buildx", Alias.Read().Plugin);
        Alias.Uninstall();
        Assert.Equal(Before, File.ReadAllText(ConfigFile));
        Alias.Uninstall();
        Assert.Equal(Before, File.ReadAllText(ConfigFile));
    }

    [Fact]
    public void Other_aliases_are_not_touched()
    {
        _docker.Config("""{"aliases":{"other":"x"}}""");
        Alias.Install();
        Assert.Equal("""{"aliases":{"other":"x","builder":"buildx"}}""", File.ReadAllText(ConfigFile));
        Alias.Uninstall();
        Assert.Equal("""{"aliases":{"other":"x"}}""", File.ReadAllText(ConfigFile));
    }

    [Fact]
    public void Without_a_file_one_is_made_and_none_is_made_to_remove_from()
    {
        Alias.Uninstall();
        Assert.False(File.Exists(ConfigFile));
        Alias.Install();
        Assert.Equal("{\n\t\"aliases\": {\n\t\t\"builder\": \"buildx\"\n\t}\n}", File.ReadAllText(ConfigFile).TrimEnd());
    }

    [Fact]
    public void An_alias_for_something_else_is_replaced_only_on_demand()
    {
        _docker.Config("""{"aliases":{"builder":"mine"}}""");
        Assert.True(BuilderAlias.IsOther(Alias.Read()));
        var error = Assert.Throws<BuildxException>(() => Alias.Plan(replacesOther: false));
        Assert.Equal(BuildxFailure.AliasExists, error.Failure);
        Assert.Contains("'mine'", error.Message, StringComparison.Ordinal);
        Assert.True(Alias.Plan(replacesOther: true).IsChange);
    }

    [Fact]
    public void What_another_program_set_after_the_look_stays()
    {
        _docker.Config(Before);
        var alias = Alias;
        Assert.True(alias.Plan(replacesOther: false).IsChange);
        _docker.Config("""{"aliases":{"builder":"theirs"}}""");
        var error = Assert.Throws<BuildxException>(() => alias.Install());
        Assert.Equal(BuildxFailure.AliasExists, error.Failure);
        Assert.Contains("'theirs'", error.Message, StringComparison.Ordinal);
        alias.Uninstall();
        Assert.Equal("""{"aliases":{"builder":"theirs"}}""", File.ReadAllText(ConfigFile));
    }

    [Fact]
    public void Folders_that_the_configuration_adds_come_before_the_users_own()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The file's name is that of other systems.");
        _docker.Config($$"""{"aliases":{"builder":"buildx"},"cliPluginsExtraDirs":["{{_docker.Home}}/extra"]}""");
        _ = _docker.File(".docker/cli-plugins/docker-buildx", "");
        var first = _docker.File("extra/docker-buildx", "");
        Assert.Equal(first, Alias.Read().PluginPath);
    }

    [Theory]
    [InlineData(".docker/cli-plugins/docker-buildx")]
    [InlineData("extra/docker-buildx")]
    public void A_plugin_is_found_where_docker_looks(string plugin)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The file's name is that of other systems.");
        _docker.Config($$"""{"aliases":{"builder":"buildx"},"cliPluginsExtraDirs":["{{_docker.Home}}/extra"]}""");
        var file = _docker.File(plugin, "");
        Assert.Equal(file, Alias.Read().PluginPath);
        Assert.Equal((false, null), Alias.Plan(replacesOther: false));
    }

    [Theory]
    [InlineData("""{"aliases":"x"}""")]
    [InlineData("""{"aliases":""")]
    public void A_file_that_docker_would_refuse_is_refused(string json)
    {
        _docker.Config(json);
        Assert.Equal(BuildxFailure.ConfigurationInvalid, Assert.Throws<BuildxException>(Alias.Read).Failure);
        Assert.Equal(json, File.ReadAllText(ConfigFile));
    }
}
