using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers.Kubernetes;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>Who may do what in a cluster, for which there is a stand-in, and how the cluster is found.</summary>
public sealed partial class StandInClusterAccessTests
{
    private static CancellationToken Token => ClusterFixture.Token;

    [Theory]
    [InlineData("create", "deployments.apps", "apiGroups: [\"apps\"], resources: [\"deployments\"], verbs: [\"create\"]")]
    [InlineData("get", "deployments.apps", "apiGroups: [\"apps\"], resources: [\"deployments\"], verbs: [\"get\"]")]
    [InlineData("create", "configmaps", "apiGroups: [\"\"], resources: [\"configmaps\"], verbs: [\"create\"]")]
    [InlineData("watch", "pods", "apiGroups: [\"\"], resources: [\"pods\"], verbs: [\"watch\"]")]
    [InlineData("get", "pods/exec", "apiGroups: [\"\"], resources: [\"pods/exec\"], verbs: [\"get\"]")]
    [InlineData("create", "pods/exec", "apiGroups: [\"\"], resources: [\"pods/exec\"], verbs: [\"create\"]")]
    public async Task Missing_right_is_named_with_the_rule_that_gives_it_before_anything_is_made(string verb, string resource, string rule)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        fixture.Cluster.Forbidden.Add($"{verb} {resource}");
        await new BuilderCreator(fixture.Environment).CreateAsync(fixture.Creation() with { ConfigText = "debug = true\n" }, Token);

        var e = await fixture.FailStartAsync();

        Assert.Equal(BuildxFailure.ClusterForbidden, e.Failure);
        Assert.Contains($"may not {verb} {resource} in the namespace 'default'", e.Message, StringComparison.Ordinal);
        Assert.Contains(rule, e.Advice, StringComparison.Ordinal);
        Assert.Empty(fixture.Cluster.Store.Names());
    }

    [Theory]
    [InlineData("patch", "deployments.apps/scale")]
    [InlineData("delete", "deployments.apps")]
    [InlineData("get", "pods/exec")]
    [InlineData("create", "pods/exec")]
    public async Task Right_that_is_taken_away_later_is_named(string verb, string resource)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync();
        await fixture.StartAsync();
        fixture.Cluster.Forbidden.Add($"{verb} {resource}");

        var e = await Assert.ThrowsAnyAsync<BuildxException>(() => verb switch
        {
            "patch" => fixture.Lifecycle.StopAsync(fixture.Builder, Token),
            "delete" => fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name }, Token),
            _ => fixture.BuildAsync(fixture.Request("context", "FROM scratch\nCOPY a.txt /")),
        });

        Assert.Contains($"may not {verb} {resource}", e.Message, StringComparison.Ordinal);
        Assert.Equal(verb == "delete" ? BuildxFailure.BuilderNotRemoved : BuildxFailure.ClusterForbidden, e.Failure);
    }

    [Fact]
    public async Task Denial_of_a_policy_is_no_missing_right()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        fixture.Cluster.Denial = "privileged containers are not for you";
        await fixture.CreateBuilderAsync();

        var e = await fixture.FailStartAsync();

        Assert.Equal(BuildxFailure.EngineError, e.Failure);
        Assert.Contains("denied the request: privileged containers are not for you", e.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Cluster.Store.Names());
    }

    [Fact]
    public async Task Expired_token_is_no_login()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync();
        await fixture.StartAsync();
        fixture.Cluster.Token = "another";

        var e = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(fixture.Request("context", "FROM scratch\nCOPY a.txt /")));

        Assert.Equal(BuildxFailure.ClusterUnauthorized, e.Failure);
        Assert.Contains(fixture.Cluster.Address, e.Message, StringComparison.Ordinal);
        Assert.Contains("Unauthorized", (await fixture.GetNodeAsync()).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_API_server_is_not_waited_for_endlessly()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        fixture.Cluster.Delay = TimeSpan.FromMinutes(1);
        using var cluster = new KubernetesCluster(await KubernetesAccess.ReadAsync("", fixture.Environment, null, Token), null, TimeSpan.FromMilliseconds(300));

        var list = await Assert.ThrowsAsync<BuildxException>(() => cluster.ListPodsAsync("app=x", Token));
        var command = await Assert.ThrowsAsync<BuildxException>(() => cluster.ExecuteAsync("pod", "buildkitd", ["buildctl"], Token));

        Assert.Equal((BuildxFailure.TimedOut, BuildxFailure.TimedOut), (list.Failure, command.Failure));
        Assert.Contains("did not answer within 0.3 s (list pods)", list.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_namespace_is_named_before_anything_is_made()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await new BuilderCreator(fixture.Environment).CreateAsync(fixture.Creation(("namespace", "nowhere")) with { ConfigText = "debug = true\n" }, Token);

        var e = await fixture.FailStartAsync();

        Assert.Equal(BuildxFailure.NamespaceNotFound, e.Failure);
        Assert.Contains("'nowhere'", e.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Cluster.Store.Names());
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("text")]
    [InlineData("context")]
    [InlineData("user")]
    [InlineData("command")]
    public async Task Kubeconfig_that_leads_nowhere_has_an_error_of_its_own(string kind)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        var good = fixture.Cluster.Config();
        await fixture.CreateBuilderAsync();
        fixture.WriteConfig(kind switch
        {
            "text" => "{ this is: [no",
            "context" => good.Replace("current-context: stand-in", "current-context: elsewhere", StringComparison.Ordinal),
            "user" => good.Replace("- name: tester", "- name: nobody", StringComparison.Ordinal),
            "command" => fixture.Cluster.Config(user: "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-command, interactiveMode: Never}}"),
            _ => good,
        });
        if (kind == "missing")
        {
            File.Delete(fixture.KubeConfig);
        }

        var e = await fixture.FailStartAsync();

        Assert.Equal(BuildxFailure.ClusterConfigInvalid, e.Failure);
        Assert.Contains(fixture.KubeConfig, e.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Cluster.Requests);
    }

    [Fact]
    public async Task Command_of_a_kubeconfig_gives_the_login()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The command is a shell's.");
        await using var fixture = await ClusterFixture.CreateAsync();
        var answer = fixture.Write("login.json", $$$"""{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "{{{fixture.Cluster.Token}}}"}}""");
        fixture.WriteConfig(fixture.Cluster.Config(space: "builds", user: $"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: cat, args: [{answer}], interactiveMode: Never}}}}"));
        await fixture.CreateBuilderAsync();

        await fixture.StartAsync();

        Assert.Single(fixture.Cluster.Store.List("deployments", "builds", _ => true).Items);
    }

    [Fact]
    public async Task Several_kubeconfigs_are_one()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        var first = fixture.Write("first", "apiVersion: v1\nkind: Config\ncurrent-context: other\n");
        var environment = new ClientEnvironment
        {
            HomeDirectory = fixture.Home,
            Variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["KUBECONFIG"] = $"{first}{Path.PathSeparator}{Path.Join(fixture.Home, "none")}{Path.PathSeparator}{fixture.KubeConfig}" },
        };

        // Now, and as the endpoint of a node remembers it.
        foreach (var endpoint in (string[])["", KubernetesAccess.EndpointFor("b", "b0", environment)])
        {
            using var cluster = new KubernetesCluster(await KubernetesAccess.ReadAsync(endpoint, environment, null, Token), null, null);

            Assert.Equal("builds", cluster.Namespace);
            Assert.Empty((await cluster.ListPodsAsync("app=x", Token)).Pods);
            environment = environment with { Variables = new Dictionary<string, string>() };
        }
    }

    [Fact]
    public async Task Certificate_of_another_authority_is_not_trusted_and_a_cluster_that_is_gone_is_said()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync();
        var other = Convert.ToBase64String(await File.ReadAllBytesAsync(TestEngines.Certificate("ca"), Token));
        fixture.WriteConfig(Authority().Replace(fixture.Cluster.Config(), "certificate-authority-data: " + other));
        var untrusted = await fixture.FailStartAsync();
        fixture.WriteConfig(fixture.Cluster.Config().Replace(fixture.Cluster.Address, "https://127.0.0.1:1", StringComparison.Ordinal));
        var gone = await fixture.FailStartAsync();

        Assert.Equal((BuildxFailure.EngineCertificateInvalid, BuildxFailure.EngineUnreachable), (untrusted.Failure, gone.Failure));
        Assert.Contains("https://127.0.0.1:1", gone.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Cluster.Requests);
    }

    [System.Text.RegularExpressions.GeneratedRegex("certificate-authority-data: .*")]
    private static partial System.Text.RegularExpressions.Regex Authority();

    [Fact]
    public async Task Bad_option_is_refused_before_the_builder_is_stored()
    {
        await using var fixture = await ClusterFixture.CreateAsync();

        var e = await Assert.ThrowsAsync<BuildxException>(() => fixture.CreateBuilderAsync(("replica", "2")));

        Assert.Equal(BuildxFailure.DriverOptionInvalid, e.Failure);
        Assert.DoesNotContain(fixture.Name, new BuilderCatalog(fixture.Environment).ListNames());
        Assert.Empty(fixture.Cluster.Requests);
    }
}
