using System.Diagnostics;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Sessions.Ssh;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>OpenSSH's programs in steps of real engines use agents of this client.</summary>
public sealed class RealSshTests : IDisposable
{
    private const string Data = "what is signed";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Engines => ["d20", "d28", "bkd"];

    /// <summary>Runs a program of OpenSSH in a step, with the libraries that came along.</summary>
    private static string Tool(string name) => $"/tools/ld.so --library-path /tools /tools/{name}";

    /// <summary>Lists, signs, tries to change the agent, and asks eight times at once; what is allowed and what is not shows in files.</summary>
    private static string Dockerfile(bool changes) => $"""
        FROM alpine AS build
        WORKDIR /out
        RUN --mount=type=bind,source=tools,target=/tools {Mounts} \
            : {Guid.NewGuid()} && printf '{Data}' > /data && for id in agent keys; do \
                export SSH_AUTH_SOCK=/run/$id.sock; \
                {Tool("ssh-add")} -L > $id.list && \
                n=0; while read key; do n=$((n + 1)); echo "$key" > /tmp/$n.pub; cp /data $id.$n; \
                    {Tool("ssh-keygen")} -q -Y sign -n test -f /tmp/$n.pub $id.$n || exit 1; done < $id.list; \
                if {changes.ToString().ToLowerInvariant()} && {Tool("ssh-add")} -D; then exit 2; fi; \
                if {changes.ToString().ToLowerInvariant()} && {Tool("ssh-add")} /tools/another; then exit 3; fi; \
                for i in 1 2 3 4 5 6 7 8; do {Tool("ssh-add")} -L > $id.again$i & done; wait; \
                for i in 1 2 3 4 5 6 7 8; do cmp $id.list $id.again$i || exit 4; rm $id.again$i; done; \
            done
        FROM scratch
        COPY --from=build /out /
        """;

    private const string Mounts = "--mount=type=ssh,id=agent,target=/run/agent.sock,required=true --mount=type=ssh,id=keys,target=/run/keys.sock";

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_step_lists_and_signs_with_an_agent_and_with_keys_as_with_buildx_and_changes_nothing(string engine)
    {
        var (own, keys) = (SshTools.MakeKey(_folder, "own", "-t", "rsa", "-b", "2048"), Keys());
        using var agent = new RealAgent(_folder).Add(own);
        var build = new MountBuild(engine, _folder);
        Bring(build.Context);
        var output = Path.Join(_folder.Path, "out");
        await build.RunAsync(
            Dockerfile(changes: true),
            request => request with
            {
                Ssh = [new SshSpec { Id = "agent" }, new SshSpec { Id = "keys", Paths = keys }],
                Outputs = [new OutputSpec { Type = "local", Destination = output }],
            },
            ("SSH_AUTH_SOCK", agent.Socket));

        AssertSigned(output, "agent", [own]);
        AssertSigned(output, "keys", keys);
        Assert.Equal(SshTools.PublicKey(own) + " someone@somewhere", SshTools.Run("ssh-add", agent.Socket, "-L").Trim());
        if (engine == "bkd")
        {
            return;
        }

        // Without the changes: in buildx a step can empty an agent of keys, though not one with a socket.
        await File.WriteAllTextAsync(Path.Join(build.Context, "Dockerfile"), Dockerfile(changes: false));
        var theirs = Path.Join(_folder.Path, "theirs");
        var (exitCode, _, error) = await DockerCommand.RunAsync(
            engine, [("SSH_AUTH_SOCK", agent.Socket)], "buildx", "build", "--ssh", "agent", "--ssh", "keys=" + string.Join(',', keys), "--output", "type=local,dest=" + theirs, build.Context);
        Assert.True(exitCode == 0, error);
        Assert.Equal(File.ReadAllText(Path.Join(theirs, "agent.list")), File.ReadAllText(Path.Join(output, "agent.list")));
        Assert.Equal(File.ReadAllText(Path.Join(theirs, "keys.list")), File.ReadAllText(Path.Join(output, "keys.list")));
        Assert.Equal(Names(theirs), Names(output));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_agent_that_a_step_requires_is_named_with_the_parameter_that_gives_it(string engine)
    {
        var build = new MountBuild(engine, _folder);
        var error = await build.FailAsync($"FROM alpine\nRUN --mount=type=ssh,id=deploy,required=true : {Guid.NewGuid()}\n");
        Assert.Equal(BuildxFailure.SshRequired, error.Failure);
        Assert.Contains("needs the SSH agent 'deploy', which was not given", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Ssh", error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_goes_on_without_an_agent_that_it_does_not_require()
        => await new MountBuild("d28", _folder).RunAsync($"FROM alpine\nRUN --mount=type=ssh : {Guid.NewGuid()} && test ! -S \"$SSH_AUTH_SOCK\"\n", r => r);

    [Fact]
    public async Task A_step_that_fails_for_want_of_an_agent_says_what_was_wrong_with_it()
    {
        using var agent = new RealAgent(_folder);
        var build = new MountBuild("d28", _folder);
        Bring(build.Context);
        var dockerfile = $"FROM alpine\nRUN --mount=type=bind,source=tools,target=/tools --mount=type=ssh : {Guid.NewGuid()} && {Tool("ssh-add")} -L\n";
        var empty = await build.FailAsync(dockerfile, r => r with { Ssh = [new SshSpec()] }, ("SSH_AUTH_SOCK", agent.Socket));
        Assert.Equal(BuildxFailure.StepFailed, empty.Failure);
        Assert.Contains("The SSH agent 'default' has no keys", empty.Message, StringComparison.Ordinal);

        agent.Stop();
        var gone = await build.FailAsync(dockerfile, r => r with { Ssh = [new SshSpec { Paths = [agent.Socket] }] });
        Assert.Equal(BuildxFailure.StepFailed, gone.Failure);
        Assert.Contains($"The SSH agent 'default' at '{agent.Socket}' does not answer", gone.Message, StringComparison.Ordinal);
    }

    private string[] Keys() =>
    [
        SshTools.MakeKey(_folder, "ed25519", "-t", "ed25519"),
        SshTools.MakeKey(_folder, "rsa", "-t", "rsa", "-b", "2048", "-m", "PEM"),
        SshTools.MakeKey(_folder, "ecdsa", "-t", "ecdsa", "-b", "384", "-m", "PKCS8"),
    ];

    private void AssertSigned(string output, string id, string[] keys)
    {
        var list = File.ReadAllLines(Path.Join(output, id + ".list"));
        Assert.Equal(keys.Select(SshTools.PublicKey), list.Select(l => string.Join(' ', l.Split(' ').Take(2))));
        for (var i = 1; i <= keys.Length; i++)
        {
            Assert.True(SshTools.Verifies(SshTools.PublicKey(keys[i - 1]), Path.Join(output, $"{id}.{i}.sig"), Data, _folder), keys[i - 1]);
        }
    }

    private static string Names(string folder) => string.Join(' ', Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    /// <summary>Brings OpenSSH's programs into a context, with what they load: the base image has no C library.</summary>
    private void Bring(string context)
    {
        var tools = Directory.CreateDirectory(Path.Join(context, "tools")).FullName;
        File.Copy(SshTools.MakeKey(_folder, "another", "-t", "ed25519"), Path.Join(tools, "another"));
        foreach (var program in new[] { "ssh-add", "ssh-keygen" })
        {
            var path = SshTools.Find(program);
            File.Copy(path, Path.Join(tools, program));
            foreach (var library in Libraries(path))
            {
                var name = Path.GetFileName(library);
                File.Copy(library, Path.Join(tools, name.StartsWith("ld-", StringComparison.Ordinal) ? "ld.so" : name), overwrite: true);
            }
        }
    }

    private static IEnumerable<string> Libraries(string program)
    {
        using var ldd = Process.Start(new ProcessStartInfo(SshTools.Find("ldd"), [program]) { RedirectStandardOutput = true })!;
        var lines = ldd.StandardOutput.ReadToEnd().Split('\n');
        ldd.WaitForExit();
        return lines.SelectMany(l => l.Split(' ', '\t')).Where(w => w.StartsWith('/'));
    }
}
