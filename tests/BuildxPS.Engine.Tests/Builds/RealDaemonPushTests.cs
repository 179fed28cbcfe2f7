using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Images;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Docker daemons with a classic image store, whose engine cannot push: the daemon does it.</summary>
public sealed class RealDaemonPushTests
{
    private static readonly (string Name, string Value)[] s_epoch = [("SOURCE_DATE_EPOCH", "1700000000")];

    private static string Dockerfile => $"FROM busybox\nRUN echo pushed > /file\nLABEL id={Guid.NewGuid():N}\n";

    [Theory]
    [InlineData("d28c")]
    [InlineData("d20")]
    public async Task Each_name_is_pushed_as_buildx_has_it_pushed(string docker)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: docker);
        var request = fixture.InDaemon(fixture.Request(Dockerfile, fixture.Repository + ":ours", fixture.Repository + ":also") with { Push = true });
        var result = await fixture.BuildAsync(request, null, s_epoch);
        await fixture.DockerAsync([("BUILDX_BUILDER", "default"), .. s_epoch], "buildx", "build", "--push", "-t", fixture.Repository + ":theirs", fixture.Context);

        var ours = await TestClients.InspectAsync(fixture.Repository + ":ours");
        Assert.Equal((await TestClients.InspectAsync(fixture.Repository + ":theirs")).Digest, ours.Digest);
        Assert.Equal((await TestClients.InspectAsync(fixture.Repository + ":also")).Digest, ours.Digest);
        Assert.Equal(ours.Digest, result.Digest);
        Assert.Equal(ours.Digest, result.Metadata["containerimage.digest"]);
        var id = await fixture.DockerAsync([], "image", "inspect", "--format", "{{.Id}}", fixture.Repository + ":ours");
        Assert.Equal(id, result.Metadata["containerimage.config.digest"]);
        Assert.Equal((ours.Digest, (long)ours.RawBytes.Length, ours.MediaType), Image(result));
        Assert.Equal([fixture.Repository + ":ours", fixture.Repository + ":also"], result.Images);
        Assert.Equal(
            [$"pushing {fixture.Repository}:ours with docker", $"pushing {fixture.Repository}:also with docker"],
            result.Steps.Where(s => s.Name.StartsWith("pushing", StringComparison.Ordinal) && s.Status == BuildStepStatus.Completed).Select(s => s.Name));
        await fixture.DockerAsync([], "image", "rm", fixture.Repository + ":ours", fixture.Repository + ":also", fixture.Repository + ":theirs");

        static (string, long, string) Image(BuildResult result)
        {
            var image = Assert.Single(result.PlatformImages!);
            return (image.Digest, image.Size, image.MediaType);
        }
    }

    [Theory]
    [InlineData("d28c")]
    [InlineData("d20")]
    public async Task The_stored_login_goes_with_it(string docker)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", login: true, docker: docker);
        var name = $"{TestEngines.Registry("token")}/logins/{Guid.NewGuid():N}";
        var result = await fixture.BuildAsync(fixture.InDaemon(fixture.Request(Dockerfile, name) with { Outputs = [OutputSpec.Parse("type=registry")] }));
        var (user, password) = TestEngines.User("token");
        var read = await TestClients.InspectAsync(name, null, FixedCredentials.User(TestEngines.Registry("token"), user, password));
        Assert.Equal(read.Digest, result.Digest);
        await fixture.DockerAsync([], "image", "rm", name);
    }

    [Theory]
    [InlineData("d28c", null, "There is no login for")]
    [InlineData("d28c", "wr0ng-pass", "user 'user' from")]
    [InlineData("d20", null, "There is no login for")]
    [InlineData("d20", "wr0ng-pass", "user 'user' from")]
    public async Task A_registry_that_refuses_is_named_with_the_login(string docker, string? password, string expected)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: docker);
        if (password is not null)
        {
            fixture.LogIn("token", password);
        }

        var name = $"{TestEngines.Registry("token")}/logins/none";
        var events = new List<BuildEvent>();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(fixture.InDaemon(fixture.Request(Dockerfile, name) with { Push = true }), events));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains("Connect-BuildxRegistry", error.Advice, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng-pass", error.ToString() + string.Concat(events), StringComparison.Ordinal);
        Assert.Contains(events.OfType<VertexChanged>(), v => v.Name.StartsWith("pushing ", StringComparison.Ordinal) && v.Error is not null);
    }

    [Theory]
    [InlineData("127.0.0.1:1/x", BuildxFailure.RegistryUnreachable, "connection refused")]
    [InlineData("no-such-host.test:5000/x", BuildxFailure.NameNotResolved, "no-such-host.test")]
    [InlineData("HTTPS/x", BuildxFailure.RegistryCertificateInvalid, "x509")]
    public async Task A_registry_that_cannot_be_used_is_explained(string name, BuildxFailure expected, string words)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: "d28c");
        name = name.Replace("HTTPS", TestEngines.Registry("https"), StringComparison.Ordinal);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(fixture.InDaemon(fixture.Request(Dockerfile, name) with { Push = true })));
        Assert.Equal(expected, error.Failure);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Advice);
    }
}
