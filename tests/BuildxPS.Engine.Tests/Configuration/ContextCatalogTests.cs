using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Tests.Configuration;

public sealed class ContextCatalogTests : IDisposable
{
    private readonly TestConfiguration _configuration = new();

    public void Dispose() => _configuration.Dispose();

    [Theory]
    // -DockerHost, -Context, DOCKER_HOST, DOCKER_CONTEXT, currentContext: the name, the address and a word of why.
    [InlineData(null, null, null, null, null, "default", "unix:///var/run/docker.sock", "default")]
    [InlineData(null, null, null, null, "one", "one", "unix:///one.sock", "config.json")]
    [InlineData(null, null, null, null, "default", "default", "unix:///var/run/docker.sock", "default")]
    [InlineData(null, null, null, null, "", "default", "unix:///var/run/docker.sock", "default")]
    [InlineData(null, null, null, "two", "one", "two", "unix:///two.sock", "DOCKER_CONTEXT")]
    [InlineData(null, null, "unix:///env.sock", "two", "one", "default", "unix:///env.sock", "DOCKER_HOST")]
    [InlineData(null, null, "", "two", "one", "two", "unix:///two.sock", "DOCKER_CONTEXT")]
    [InlineData(null, "one", "unix:///env.sock", "two", "two", "one", "unix:///one.sock", "-Context")]
    [InlineData(null, "default", "unix:///env.sock", "two", "one", "default", "unix:///env.sock", "DOCKER_HOST")]
    [InlineData(null, "default", null, "two", "one", "default", "unix:///var/run/docker.sock", "default")]
    [InlineData("unix:///p.sock", null, "unix:///env.sock", "two", "one", "default", "unix:///p.sock", "-DockerHost")]
    public void Engine_is_chosen_in_dockers_order(
        string? hostParameter, string? contextParameter, string? dockerHost, string? dockerContext, string? current,
        string name, string address, string reason)
    {
        _configuration.Context("one", "unix:///one.sock");
        _configuration.Context("two", "unix:///two.sock");
        if (current is not null)
        {
            _configuration.Config($$"""{"currentContext":"{{current}}","auths":{} }""");
        }

        var environment = _configuration.Environment(
            [.. new[] { ("DOCKER_HOST", dockerHost), ("DOCKER_CONTEXT", dockerContext) }.Where(v => v.Item2 is not null).Select(v => (v.Item1, v.Item2!))]);
        var context = new ContextCatalog(environment).Resolve(
            new BuilderSelection { DockerHost = hostParameter, Context = contextParameter });

        Assert.Equal((name, address), (context.Name, context.Endpoint!.Address));
        Assert.Contains(reason, context.Endpoint.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_ways_at_once_are_refused()
    {
        var failure = Assert.Throws<BuildxException>(() => new ContextCatalog(_configuration.Environment())
            .Resolve(new BuilderSelection { Context = "one", DockerHost = "unix:///x" }));

        Assert.Equal(BuildxFailure.SelectionConflict, failure.Failure);
    }

    [Theory]
    [InlineData("three")]
    [InlineData("../../one")]
    [InlineData("/etc")]
    [InlineData("a\u001b[2J")]
    [InlineData("x")]
    public void Unknown_context_fails_with_those_that_are_there(string name)
    {
        _configuration.Context("two", "unix:///two.sock");
        _configuration.Context("one", "unix:///one.sock");

        var failure = Assert.Throws<BuildxException>(
            () => new ContextCatalog(_configuration.Environment()).Resolve(new BuilderSelection { Context = name }));

        Assert.Equal(BuildxFailure.ContextNotFound, failure.Failure);
        Assert.Contains("default, one, two", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    [Fact]
    public void Unknown_current_context_says_which_file_names_it()
    {
        var file = _configuration.Config("""{"currentContext":"gone"}""");

        var failure = Assert.Throws<BuildxException>(
            () => new ContextCatalog(_configuration.Environment()).Resolve(new BuilderSelection()));

        Assert.Equal(BuildxFailure.ContextNotFound, failure.Failure);
        Assert.Contains($"'gone', current in {file}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Configuration_folder_may_lie_elsewhere()
    {
        _configuration.File("elsewhere/config.json", """{"CURRENTCONTEXT":"default"}""");

        var configuration = DockerConfiguration.Read(_configuration.Environment(("DOCKER_CONFIG", Path.Combine(_configuration.Home, "elsewhere"))));

        Assert.Equal("default", configuration.CurrentContext);
    }

    [Theory]
    [InlineData("{\n  \"currentContext\": \"x\",\n  oops\n}", "line 3, byte 3")]
    [InlineData("{\"currentContext\":", "line 1")]
    [InlineData("{\"currentContext\":{}}", "line 1")]
    [InlineData("[]", "line 1")]
    [InlineData("", "line 1")]
    [InlineData("null", "null")]
    public void Broken_configuration_is_named_with_the_place(string json, string place)
    {
        var file = _configuration.Config(json);

        var failure = Assert.Throws<BuildxException>(
            () => new ContextCatalog(_configuration.Environment()).Resolve(new BuilderSelection()));

        Assert.Equal(BuildxFailure.ConfigurationInvalid, failure.Failure);
        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
        Assert.Contains(place, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Huge_configuration_is_not_read_whole()
    {
        var file = _configuration.Config("{}");
        using (var stream = File.OpenWrite(file))
        {
            stream.SetLength(1L << 40);
        }

        var failure = Assert.Throws<BuildxException>(
            () => new ContextCatalog(_configuration.Environment()).Resolve(new BuilderSelection()));

        Assert.Contains("larger than", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Byte_order_mark_of_an_editor_does_no_harm()
    {
        File.WriteAllText(_configuration.Config("x"), """{"currentContext":"default"}""", new System.Text.UTF8Encoding(true));

        Assert.Equal("default", new ContextCatalog(_configuration.Environment()).Resolve(new BuilderSelection()).Name);
    }

    [Fact]
    public void List_has_the_default_and_the_stored_ones_by_name_with_the_current_one_marked()
    {
        _configuration.Context("zeta", "tcp://z.example:2376", "the last");
        _configuration.Context("alpha", "unix:///a.sock");
        _configuration.Config("""{"currentContext":"zeta"}""");

        var contexts = new ContextCatalog(_configuration.Environment()).List();

        Assert.Equal(["alpha", "default", "zeta"], contexts.Select(c => c.Name));
        Assert.Equal("zeta", Assert.Single(contexts, c => c.IsCurrent).Name);
        Assert.Equal(("the last", "tcp://z.example:2376", (string?)null), (contexts[2].Description, contexts[2].Endpoint, contexts[2].Error));
    }

    [Theory]
    [InlineData("""{"Name":"other","Endpoints":{"docker":{"Host":"unix:///o.sock"}}}""", "'other'")]
    [InlineData("""{"Name":"../../etc","Endpoints":{"docker":{"Host":"unix:///o.sock"}}}""", "does not belong")]
    [InlineData("""{"Endpoints":{"docker":{"Host":"unix:///o.sock"}}}""", "does not belong")]
    [InlineData("""{"Name":"evil","Endpoints":{"kubernetes":{"Host":"https://k.example"}}}""", "no docker endpoint")]
    [InlineData("""{"Name":"evil","Endpoints":{"docker":null}}""", "no docker endpoint")]
    [InlineData("""{"Name":"evil",""", "line 1")]
    public void Context_that_is_not_what_it_should_be_carries_the_reason_and_is_not_used(string json, string reason)
    {
        _configuration.Meta(TestConfiguration.FolderName("evil"), json);
        var catalog = new ContextCatalog(_configuration.Environment());

        var listed = Assert.Single(catalog.List(), c => c.Name != "default");
        Assert.Contains(reason, listed.Error, StringComparison.Ordinal);
        var failure = Record.Exception(() => catalog.Resolve(new BuilderSelection { Context = "evil" })
            is { Failure: { } stored } ? throw stored : 0);
        Assert.Equal(BuildxFailure.ConfigurationInvalid, Assert.IsType<BuildxException>(failure).Failure);
    }

    [Fact]
    public void Context_carries_its_certificates()
    {
        _configuration.Context("safe", "tcp://s.example:2376");
        _configuration.Context("blind", "tcp://b.example:2376", skipTlsVerify: true);
        _configuration.Context("plain", "tcp://p.example:2375");
        var authority = _configuration.Tls("safe", "ca.pem", "x");
        var key = _configuration.Tls("safe", "key.pem", "x");
        var catalog = new ContextCatalog(_configuration.Environment());

        var safe = catalog.Resolve(new BuilderSelection { Context = "safe" }).Endpoint!.Tls!;
        Assert.Equal((authority, key, false), (safe.AuthorityFile, safe.KeyFile, safe.SkipVerification));
        Assert.True(catalog.Resolve(new BuilderSelection { Context = "blind" }).Endpoint!.Tls!.SkipVerification);
        Assert.Null(catalog.Resolve(new BuilderSelection { Context = "plain" }).Endpoint!.Tls);
    }

    [Theory]
    [InlineData(null, null, false, false)]
    [InlineData("1", null, true, true)]
    [InlineData(null, "1", true, false)]
    [InlineData("0", "1", true, true)]
    public void Environment_turns_tls_on_as_docker_does(string? verify, string? tls, bool usesTls, bool verifies)
    {
        var environment = _configuration.Environment(
            [.. new[] { ("DOCKER_TLS_VERIFY", verify), ("DOCKER_TLS", tls), ("DOCKER_CERT_PATH", "/certs") }.Where(v => v.Item2 is not null).Select(v => (v.Item1, v.Item2!))]);

        var endpoint = new ContextCatalog(environment).Resolve(new BuilderSelection()).Endpoint!;

        Assert.Equal(usesTls ? "tcp://localhost:2376" : "unix:///var/run/docker.sock", endpoint.Address);
        Assert.Equal(usesTls, endpoint.Tls is not null);
        if (usesTls)
        {
            Assert.Equal((!verifies, Path.Combine("/certs", "ca.pem")), (endpoint.Tls!.SkipVerification, endpoint.Tls.AuthorityFile));
        }
    }

    [Fact]
    public void Windows_has_a_pipe_as_its_default()
        => Assert.Equal(
            "npipe:////./pipe/docker_engine",
            new ContextCatalog(_configuration.Environment() with { IsWindows = true }).Resolve(new BuilderSelection()).Endpoint!.Address);
}
