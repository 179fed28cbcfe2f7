using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Builds.Contexts;

public sealed class ContextCheckTests
{
    private static readonly ContextArchive s_archive = new("the archive", () => new MemoryStream(), canReopen: true);

    private static BuildRequest Normalize(BuildRequest request) => RequestCheck.Normalize(
        request, new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = "/" });

    private static string Attributes(BuildRequest request)
    {
        request = Normalize(request);
        var context = MainContext.Of(request);
        var inputs = new BuildInputs { Context = context, Dockerfile = DockerfileInput.Of(request, context) };
        var call = ContextAttributes.AddTo(new FrontendCall { Frontend = "x", Attributes = new Dictionary<string, string> { ["frontend.caps"] = "moby.buildkit.frontend.contexts+forward" } }, inputs);
        return string.Join(' ', call.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}")).Replace(context.UploadId, "ID", StringComparison.Ordinal)
            + " | " + inputs.Dockerfile.Name;
    }

    public static TheoryData<BuildRequest, string> Refused => new()
    {
        { new() { ContextPath = "", }, "is not an absolute path" },
        { new() { ContextPath = "relative" }, "is not an absolute path" },
        { new() { ContextPath = "/src", ContextArchive = s_archive }, "two build contexts" },
        { new() { ContextPath = "/src", DockerfileText = "FROM x", DockerfilePath = "/f" }, "two Dockerfiles" },
        { new() { ContextPath = "/src", DockerfileText = " \n" }, "is empty" },
        { new() { ContextPath = "/src", DockerfilePath = "relative" }, "is not an absolute path" },
        { new() { ContextPath = "/src", DockerfilePath = "https://" }, "no address" },
        { new() { ContextPath = "https://example.org/a.tar", DockerfilePath = "../x" }, "outside of the build context" },
        { new() { ContextPath = "", ContextArchive = s_archive, DockerfilePath = "a/../../x" }, "outside of the build context" },
        { new() { ContextPath = "https://example.org/a.git?x=y" }, "'x'" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_does_not_fit_together_is_refused(BuildRequest request, string part)
    {
        var failure = Assert.Throws<BuildxException>(() => Normalize(request));
        Assert.Equal(BuildxFailure.ArgumentInvalid, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    public static TheoryData<BuildRequest, string> Sent => new()
    {
        { new() { ContextPath = "/src", DockerfilePath = "/else/File" }, " | File" },
        { new() { ContextPath = "/src", DockerfileText = "FROM x" }, " dockerfilekey=dockerfile | Dockerfile" },
        { new() { ContextPath = "/src", DockerfilePath = "https://example.org/File" }, " dockerfilekey=dockerfile | Dockerfile" },
        { new() { ContextPath = "", DockerfileText = "FROM x" }, " dockerfilekey=dockerfile | Dockerfile" },
        { new() { ContextPath = "https://example.org/a.tar" }, "context=https://example.org/a.tar | Dockerfile" },
        { new() { ContextPath = "https://example.org/a.tar?token=x" }, "context=https://example.org/a.tar?token=x | Dockerfile" },
        { new() { ContextPath = "git@example.org:a/b.git", DockerfilePath = "docker/File" }, "context=git@example.org:a/b.git | docker/File" },
        { new() { ContextPath = "github.com/a/b", DockerfilePath = "/else/File" }, "context=github.com/a/b dockerfilekey=dockerfile | File" },
        { new() { ContextPath = "https://example.org/a.git?branch=b" }, "context=https://example.org/a.git?branch=b +query | Dockerfile" },
        { new() { ContextPath = "", ContextArchive = s_archive, DockerfilePath = "docker/File" }, "context=http://buildkit-session/ID | docker/File" },
        { new() { ContextPath = "", ContextArchive = s_archive, DockerfileText = "FROM x" }, "context=http://buildkit-session/ID dockerfilekey=dockerfile | Dockerfile" },
    };

    [Theory]
    [MemberData(nameof(Sent))]
    public void The_frontend_is_told_what_buildx_tells_it(BuildRequest request, string expected)
    {
        const string contexts = "frontend.caps=moby.buildkit.frontend.contexts+forward";
        var sent = Attributes(request)
            .Replace(" " + contexts + ",moby.buildkit.frontend.gitquerystring", " +query", StringComparison.Ordinal)
            .Replace(contexts, "", StringComparison.Ordinal);
        Assert.Equal(expected.Trim(), sent.Replace("  ", " ", StringComparison.Ordinal).Trim());
    }

    [Theory]
    [InlineData("git@example.org:a/b", true)]
    [InlineData("ssh://git@example.org/a/b", true)]
    [InlineData("https://example.org/a.git", false)]
    public void A_repository_over_ssh_needs_the_users_agent(string address, bool expected)
    {
        Assert.Equal(expected ? ["default"] : [], Normalize(new BuildRequest { ContextPath = address }).Ssh.Select(s => s.Id));
        SshSpec own = new() { Id = "mine", Paths = ["/key"] };
        Assert.Equal(["mine"], Normalize(new BuildRequest { ContextPath = address, Ssh = [own] }).Ssh.Select(s => s.Id));
    }
}
