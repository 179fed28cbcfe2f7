using System.Diagnostics;
using System.Text;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Builds;
using BuildxPS.Engine.Tests.Engines.BuildKit;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>Names that are no text, and paths that are longer than the system takes, in contexts for real engines.</summary>
public sealed class RealNamesTests
{
    public RealNamesTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have no such names.");

    [Fact]
    public async Task Names_that_are_no_text_arrive_as_with_buildx()
    {
        using var folder = new TempFolder();
        using var context = new RawContext(folder);

        var theirs = await BuildxAsync("bkd", folder, folder["theirs"], "theirs");
        await BuildAsync("bkd", folder, folder["ours"], "ours");
        var list = File.ReadAllText(folder["ours/list"], Encoding.Latin1);

        Assert.Equal("", theirs);
        Assert.Equal(File.ReadAllText(folder["theirs/list"], Encoding.Latin1), list);
        Assert.Contains("./d\u00FF/\u00C3/caf\u00C3\u00A9\u0080 ", list, StringComparison.Ordinal);
        Assert.DoesNotContain("left-out", list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_engine_takes_no_such_names_one_of_them_is_named()
    {
        using var folder = new TempFolder();
        using var context = new RawContext(folder);

        var theirs = await BuildxAsync("d28", folder, folder["theirs"], "theirs");
        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync("d28", folder, folder["ours"], "ours"));

        Assert.Contains("invalid UTF-8", theirs, StringComparison.Ordinal);
        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure.Failure);
        Assert.StartsWith(@"'caf\xe9' in the build context has a name or leads to one that is not UTF-8", failure.Message, StringComparison.Ordinal);
        Assert.Contains(".dockerignore", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_lies_deeper_than_the_system_takes_paths_is_sent()
    {
        using var folder = new TempFolder();
        using var deep = new DeepFolder(folder, [13, 13]);
        Assert.True(deep.Context.Length + deep.Below > 4096);
        File.WriteAllText(Path.Join(deep.Context, "Dockerfile"), $"""
            FROM busybox AS look
            RUN --mount=type=bind,target=/in : {Guid.NewGuid()}; cd /in && cat $(find . -name file) > /list
            FROM scratch
            COPY --from=look /list /
            """);

        await BuildAsync("bkd", deep.Context, folder["ours"]);

        Assert.Equal("deep", File.ReadAllText(folder["ours/list"]));
    }

    [Fact]
    public async Task A_path_that_no_engine_can_make_is_named_before_it_is_sent()
    {
        using var folder = new TempFolder();
        using var deep = new DeepFolder(folder, [0, 13, 13]);
        File.WriteAllText(Path.Join(deep.Context, "Dockerfile"), $"FROM scratch\n# {Guid.NewGuid()}\nCOPY . /\n");

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync("bkd", deep.Context, folder["ours"]));

        Assert.Equal(BuildxFailure.BuildContextUnreadable, failure.Failure);
        Assert.Contains("in the build context cannot be sent: its path there has 4", failure.Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Join(deep.Context, ".dockerignore"), "dddd*\n!**/unknown\n");
        await BuildAsync("bkd", deep.Context, folder["ours"]);
        Assert.Equal([".dockerignore", "Dockerfile"], Directory.GetFileSystemEntries(folder["ours"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Builds with docker buildx.</summary>
    /// <returns>What it said when it failed.</returns>
    private static async Task<string> BuildxAsync(string engine, TempFolder folder, string destination, string salt)
    {
        var configuration = BuildxSession.RemoteBuilder(folder.Path, "real", TestEngines.Require(engine));
        var (code, _, error) = await DockerCommand.RunAsync(
            engine,
            [("BUILDX_CONFIG", configuration)],
            ["buildx", "build", .. engine == "bkd" ? (ReadOnlySpan<string>)["--builder", "real"] : [], "--progress", "plain", "--build-arg", $"SALT={salt}", "--output", $"type=local,dest={destination}", folder["context"]]);
        return code == 0 ? "" : error;
    }

    private static Task BuildAsync(string engine, TempFolder folder, string destination, string salt) => BuildAsync(engine, folder["context"], destination, salt);

    private static async Task BuildAsync(string engine, string context, string destination, string salt = "")
    {
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = Path.GetTempPath() };
        var request = new BuildRequest
        {
            ContextPath = context,
            Builder = engine == "bkd" ? new BuilderSelection() : new BuilderSelection { DockerHost = TestEngines.Require(engine) },
            BuildArguments = new Dictionary<string, string> { ["SALT"] = salt },
            Outputs = [new OutputSpec { Type = "local", Destination = destination }],
        };
        var runner = engine == "bkd" ? new BuildRunner(environment, BuildKitNode.PartsFor(engine, environment)) : new BuildRunner(environment);
        await foreach (var _ in runner.RunAsync(request, TestContext.Current.CancellationToken))
        {
        }
    }

    /// <summary>A context with names that .NET can neither make nor remove.</summary>
    private sealed class RawContext : IDisposable
    {
        /// <summary>Bytes of Latin-1, in names of a file, a folder and what is in it, a link's target, and a second name.</summary>
        private const string Make = """
            cd "$1" && mkdir -p "$(printf 'd\377/\303')" && printf one > "$(printf 'caf\351')" && printf two > "$(printf 'd\377/\303/caf\303\251\200')" \
             && ln -s "$(printf 'd\377')" link && ln "$(printf 'caf\351')" "$(printf 'd\377/same')" && printf no > "$(printf 'left-out\351')"
            """;

        private const string List = "cd /in && find . -print0 | sort -z | xargs -0 stat -c '%n %f %h %N' > /list && find . -type f -print0 | sort -z | xargs -0 sha256sum >> /list";

        private readonly TempFolder _folder;

        public RawContext(TempFolder folder)
        {
            _folder = folder.File("context/Dockerfile", $"FROM busybox AS list\nARG SALT\nRUN --mount=type=bind,target=/in : {Guid.NewGuid()} && {List}\nFROM scratch\nCOPY --from=list /list /\n")
                .File("context/.dockerignore", "left-out?\nDockerfile\n");
            Run(Make);
        }

        public void Dispose() => Run("rm -rf \"$1\"");

        private void Run(string script)
        {
            using var shell = Process.Start("sh", ["-c", script, "sh", _folder["context"]]);
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
        }
    }

    /// <summary>Nested folders with a file at the bottom, made in parts, since no call takes the whole path; taken apart again to be removed.</summary>
    private sealed class DeepFolder : IDisposable
    {
        private static readonly string s_name = new('d', 160);
        private readonly List<(string Whole, string Part)> _moves = [];

        /// <summary>Makes them.</summary>
        /// <param name="folder">Where.</param>
        /// <param name="depths">How deep the context lies, and then how deep each part below it is.</param>
        public DeepFolder(TempFolder folder, int[] depths)
        {
            Context = Make(folder["deep"], depths[0]);
            var bottom = Context;
            foreach (var (i, depth) in depths.Index().Skip(1).Reverse())
            {
                // The last part first: what is joined to it stays as short as it is.
                var part = Make(folder[$"part{i}"], depth);
                if (i == depths.Length - 1)
                {
                    File.WriteAllText(Path.Join(part, "file"), "deep");
                }
                else
                {
                    Move(folder[$"part{i + 1}/{s_name}"], Path.Join(part, s_name));
                }

                Below += depth * (s_name.Length + 1);
            }

            Move(folder[$"part1/{s_name}"], Path.Join(bottom, s_name));
        }

        /// <summary>The upper part, which is to be the context.</summary>
        public string Context { get; }

        /// <summary>How much longer the longest path in it is.</summary>
        public int Below { get; }

        public void Dispose()
        {
            foreach (var (whole, part) in _moves.AsEnumerable().Reverse())
            {
                Directory.Move(whole, part);
            }
        }

        private static string Make(string path, int depth)
        {
            path = string.Join('/', Enumerable.Repeat(s_name, depth).Prepend(path));
            Directory.CreateDirectory(path);
            return path;
        }

        private void Move(string part, string whole)
        {
            Directory.Move(part, whole);
            _moves.Add((whole, part));
        }
    }
}
