using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Configuration;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builders;

public sealed class BuilderCreatorTests : IDisposable
{
    private readonly TestConfiguration _configuration = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _configuration.Dispose();

    private string Store => Path.Join(_configuration.Home, ".docker", "buildx");

    private ClientEnvironment Environment => _configuration.Environment(("DOCKER_HOST", TestEngines.Require("d28")));

    [Theory]
    [InlineData("default", BuildxFailure.BuilderNameInvalid)]
    [InlineData("1st", BuildxFailure.BuilderNameInvalid)]
    [InlineData("a/b", BuildxFailure.BuilderNameInvalid)]
    [InlineData("a b", BuildxFailure.BuilderNameInvalid)]
    [InlineData("context", BuildxFailure.BuilderExists)]
    [InlineData("Taken", BuildxFailure.BuilderExists)]
    public async Task Name_that_cannot_be_taken_is_refused(string name, BuildxFailure expected)
    {
        _configuration.Context("context", "unix:///x.sock");
        _configuration.File(".docker/buildx/instances/taken", """{"Name":"taken"}""");

        var failure = await Assert.ThrowsAsync<BuildxException>(() => new BuilderCreator(Environment).CreateAsync(new BuilderCreation { Name = name }, Token));

        Assert.Equal(expected, failure.Failure);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.Equal(["taken"], new DirectoryInfo(Path.Join(Store, "instances")).GetFiles().Select(f => f.Name));
    }

    public static TheoryData<BuilderCreation, BuildxFailure> Wrong => new()
    {
        { new() { Driver = "docker" }, BuildxFailure.EngineUnsupported },
        { new() { Driver = "remote" }, BuildxFailure.EndpointInvalid },
        { new() { Endpoint = "tcp://x:1", Flags = ["--debug"] }, BuildxFailure.BuildKitFlagInvalid },
        { new() { Endpoint = "tcp://x:1", ConfigText = "debug = true" }, BuildxFailure.ConfigFileInvalid },
        { new() { Endpoint = "tcp://x:1", DriverOptions = new Dictionary<string, string> { ["network"] = "host" } }, BuildxFailure.DriverOptionInvalid },
        { new() { Endpoint = "tcp://x:1", DriverOptions = new Dictionary<string, string> { ["cacert"] = "relative.pem" } }, BuildxFailure.DriverOptionInvalid },
        { new() { Endpoint = "tcp://x:1", DriverOptions = new Dictionary<string, string> { ["cacert"] = "/nowhere/ca.pem" } }, BuildxFailure.DriverOptionInvalid },
        { new() { Endpoint = "tcp://x:1", DriverOptions = new Dictionary<string, string> { ["servername"] = "x" } }, BuildxFailure.DriverOptionInvalid },
        { new() { Endpoint = "tcp://x:1", DriverOptions = new Dictionary<string, string> { ["cacert"] = "/c", ["cert"] = "/c" } }, BuildxFailure.DriverOptionInvalid },
        { new() { Endpoint = "podman-container://p" }, BuildxFailure.EndpointUnsupported },
        { new() { Endpoint = "docker-container://" }, BuildxFailure.EndpointInvalid },
        { new() { Driver = "kubernetes", Endpoint = "tcp://x:1" }, BuildxFailure.EndpointUnsupported },
        { new() { Driver = "kubernetes", DriverOptions = new Dictionary<string, string> { ["network"] = "host" } }, BuildxFailure.DriverOptionInvalid },
        { new() { Driver = "podman" }, BuildxFailure.DriverNotFound },
        { new() { DriverOptions = new Dictionary<string, string> { ["imagee"] = "x" } }, BuildxFailure.DriverOptionInvalid },
        { new() { Flags = ["--debug '"] }, BuildxFailure.BuildKitFlagInvalid },
        { new() { ConfigFile = "/nowhere/b.toml" }, BuildxFailure.ConfigFileInvalid },
        { new() { ConfigText = "[x" }, BuildxFailure.ConfigFileInvalid },
        { new() { ConfigText = "", ConfigFile = "/x" }, BuildxFailure.ConfigFileInvalid },
        { new() { NodeName = "../x" }, BuildxFailure.BuilderNameInvalid },
        { new() { Endpoint = "nocontext" }, BuildxFailure.ContextNotFound },
        { new() { Endpoint = "ftp://x" }, BuildxFailure.EndpointUnsupported },
        { new() { Driver = "docker-container", Endpoint = "unix:///nowhere/d.sock" }, BuildxFailure.EngineUnreachable },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public async Task Wrong_part_is_refused_and_nothing_created(BuilderCreation creation, BuildxFailure expected)
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(() => new BuilderCreator(Environment).CreateAsync(creation with { Name = "b" }, Token));

        Assert.Equal(expected, failure.Failure);
        Assert.NotEmpty(failure.Advice);
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public async Task Builder_without_a_name_gets_one()
    {
        var created = await new BuilderCreator(Environment).CreateAsync(new BuilderCreation(), Token);

        Assert.Matches("^[a-z]+_[a-z]+$", created.Name);
        Assert.Contains($"\"Name\":\"{created.Name}0\"", File.ReadAllText(Path.Join(Store, "instances", created.Name)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_own_default_config_is_taken_where_none_is_given_and_misspelt_keys_are_said()
    {
        _configuration.File(".docker/buildx/buildkitd.default.toml", "debgu = true\n");

        var created = await new BuilderCreator(Environment).CreateAsync(new BuilderCreation { Name = "b" }, Token);

        Assert.Contains("debgu", Assert.Single(created.Warnings), StringComparison.Ordinal);
        var builder = await new BuilderCatalog(Environment).GetAsync(new BuilderSelection { Name = "b" }, TimeSpan.FromSeconds(20), Token);
        Assert.Equal("debgu = true\n", builder.Nodes[0].ConfigFiles["buildkitd.toml"]);
    }

    [Fact]
    public async Task Builder_on_a_context_keeps_the_contexts_name()
    {
        _configuration.Context("there", TestEngines.Require("d20"));
        await new BuilderCreator(Environment).CreateAsync(new BuilderCreation { Name = "b", Endpoint = "there", NodeName = "Mine" }, Token);

        var node = (await new BuilderCatalog(Environment).GetAsync(new BuilderSelection { Name = "b" }, TimeSpan.FromSeconds(20), Token)).Nodes[0];

        Assert.Equal(("mine", "there", NodeStatus.Inactive), (node.Name, node.Endpoint, node.Status));
    }

    [Fact]
    public async Task Private_keys_of_registries_are_not_shown()
    {
        var key = _configuration.File("key.pem", "-----BEGIN PRIVATE KEY-----\nsecret\n");
        await new BuilderCreator(Environment).CreateAsync(new BuilderCreation { Name = "b", ConfigText = $"[[registry.x.keypair]]\nkey = \"{key}\"\n" }, Token);

        var node = (await new BuilderCatalog(Environment).GetAsync(new BuilderSelection { Name = "b" }, TimeSpan.FromSeconds(20), Token)).Nodes[0];

        Assert.Equal("(a private key)", node.ConfigFiles["certs/x/key.pem"]);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("other")]
    public async Task Builder_of_a_context_cannot_be_removed(string name)
    {
        _configuration.Context("other", "unix:///x.sock");
        var failure = await Assert.ThrowsAsync<BuildxException>(() => new BuilderLifecycle(Environment).RemoveAsync(new BuilderRemoval { Name = name }, Token));
        Assert.Equal(BuildxFailure.BuilderIsContext, failure.Failure);
    }

    [Fact]
    public async Task Other_contexts_builder_and_an_unknown_one_cannot_be_used()
    {
        _configuration.Context("other", "unix:///x.sock");
        var lifecycle = new BuilderLifecycle(Environment);

        var other = await Assert.ThrowsAsync<BuildxException>(() => lifecycle.UseAsync(new BuilderChoice { Name = "other" }, Token));
        var unknown = await Assert.ThrowsAsync<BuildxException>(() => lifecycle.UseAsync(new BuilderChoice { Name = "nobody" }, Token));

        Assert.Equal((BuildxFailure.BuilderIsContext, BuildxFailure.BuilderNotFound), (other.Failure, unknown.Failure));
        Assert.Contains("docker context use other", other.Advice, StringComparison.Ordinal);
        Assert.Contains("default, other", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_file_is_an_error_of_its_builder_alone()
    {
        _configuration.File(".docker/buildx/instances/bad", "{");
        _configuration.File(".docker/buildx/instances/far", """{"Name":"far","Driver":"remote","Nodes":[{"Name":"far0","Endpoint":"tcp://far:1234","DriverOpts":{"key":"k"}}]}""");

        var builders = await new BuilderCatalog(Environment).ListAsync(TimeSpan.FromSeconds(20), Token).ToListAsync(Token);

        Assert.Equal(["default", "bad", "far"], builders.Select(b => b.Name));
        Assert.Contains("bad", builders[1].Error, StringComparison.Ordinal);
        Assert.Equal(("remote", "k"), (builders[2].Driver, builders[2].Nodes[0].DriverOptions["key"]));
        Assert.Contains("driver option key=k is not valid", builders[2].Nodes[0].Error, StringComparison.Ordinal);
        var failure = await Assert.ThrowsAsync<BuildxException>(() => new BuilderCatalog(Environment).ResolveAsync(new BuilderSelection { Name = "bad" }, Token));
        Assert.Equal(BuildxFailure.StoreInvalid, failure.Failure);
    }

    [Fact]
    public async Task Builder_whose_engine_is_gone_leaves_the_list_and_what_remains_is_said()
    {
        _configuration.File(".docker/buildx/instances/lost", """{"Name":"lost","Driver":"docker-container","Nodes":[{"Name":"lost0","Endpoint":"unix:///nowhere/d.sock"}]}""");
        var lifecycle = new BuilderLifecycle(Environment);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => lifecycle.RemoveAsync(new BuilderRemoval { Name = "lost" }, Token));

        Assert.Equal(BuildxFailure.BuilderNotRemoved, failure.Failure);
        Assert.Contains("unix:///nowhere/d.sock", failure.Message, StringComparison.Ordinal);
        Assert.Contains("buildx_buildkit_lost0_state", failure.Advice, StringComparison.Ordinal);
        Assert.Equal(["default"], new BuilderCatalog(Environment).ListNames());
    }
}
