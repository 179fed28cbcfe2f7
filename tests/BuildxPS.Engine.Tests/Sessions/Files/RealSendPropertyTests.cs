using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Patterns;
using BuildxPS.Engine.Tests.Builds;
using BuildxPS.Engine.Tests.Engines.BuildKit;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>
/// Contexts of random trees with a random <c>.dockerignore</c>, and one with COPY instructions, built on a real BuildKit by
/// docker buildx and by us: a step of the build lists what is there.
/// </summary>
public sealed partial class RealSendPropertyTests
{
    private const int TreesPerContext = 8;

    /// <summary>Lists names, kinds, permissions, owners, device numbers, times, contents, targets and attributes, which come in any order.</summary>
    private const string List =
        "{ find . -mindepth 1 -print0 | sort -z | xargs -0 stat -c '@@%i@@ %n %f %u:%g %y %t:%T'; "
        + "find . -type f -print0 | sort -z | xargs -0 sha256sum; "
        + "find . -type l -print0 | sort -z | xargs -0 -n 1 readlink; "
        + "find . -print0 | sort -z | xargs -0 getfattr -dh | sort; } > /list";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_real_engine_gets_the_same_context_from_both(int seed)
    {
        using var folder = new TempFolder();
        var paths = Enumerable.Range(0, TreesPerContext).SelectMany(i => RandomTree.Make(folder[$"context/t{i}"], (seed * 1000) + i).Select(p => $"t{i}/{p}")).ToList();
        var random = new Random(seed);
        var ignore = IgnoreFile(random, paths);
        folder.File("context/.dockerignore");
        File.WriteAllText(folder["context/.dockerignore"], ignore);

        await CompareAsync(folder, "RUN --mount=type=bind,target=/in cd /in && " + List, ignore);
    }

    [Fact]
    public async Task A_real_engine_gets_what_COPY_names_from_both_over_links_and_wildcards()
    {
        using var folder = new TempFolder()
            .File("context/app/src/main.c").File("context/app/src/a b.txt").File("context/app/doc/README.md").File("context/lib/one/x.so", "1").File("context/lib/two/x.so", "22")
            .File("context/lib/two/y.so").File("context/[odd]/*").File("context/unused/x").Link("context/current", "releases/now").Link("context/releases/now", "../releases/v1")
            .File("context/releases/v1/app").File("context/releases/v2/app").Link("context/abs", "/lib/two").Link("context/up", "../../../lib/one/x.so").Link("context/loop", "pool")
            .Link("context/pool", "loop").Link("context/releases/v1/lib.so", "../../abs/x.so").HardLink("context/lib/one/same", "context/lib/one/x.so");
        string[] copies =
        [
            "app/*/*.txt", "app/s?c/main.[a-c]", "lib/*/x.so", "current/app", "current/*", "releases/*/app", "abs/y*", "up", "./app//doc/../doc/", "[[]odd]/*", "lib/o*/*", "missing*",
        ];
        var dockerfile = string.Concat(copies.Select((source, i) => $"COPY {JsonSerializer.Serialize<string[]>([source, $"/in/{i}/"])}\n"));

        // Whatever COPY makes of it: two names become one, and folders get times of their own.
        await CompareAsync(folder, dockerfile + "RUN cd /in && " + List.Replace("%y", "", StringComparison.Ordinal), "");
        await CompareAsync(folder, "RUN --mount=type=bind,source=current,target=/in cd /in && " + List, "");
    }

    private static async Task CompareAsync(TempFolder folder, string dockerfile, string ignore)
    {
        folder.File("Dockerfile", $"# {Guid.NewGuid()}\nFROM busybox AS list\nARG SALT\n{dockerfile}\nFROM scratch\nCOPY --from=list /list /\n");
        var theirs = await TheirsAsync(folder);
        var ours = await OursAsync(folder);

        Assert.True(theirs == ours, $"{dockerfile}\n\n{ignore}\n\ntheirs, ours:\n{Different(theirs, ours)}");
    }

    private static async Task<string> TheirsAsync(TempFolder folder)
    {
        var configuration = BuildxSession.RemoteBuilder(folder.Path, "real", TestEngines.Require("bkd"));
        var (code, _, error) = await DockerCommand.RunAsync(
            "bkd",
            [("BUILDX_CONFIG", configuration)],
            "buildx", "build", "--builder", "real", "--progress", "plain", "-f", folder["Dockerfile"], "--build-arg", "SALT=theirs", "--output", $"type=local,dest={folder["theirs"]}", folder["context"]);
        Assert.True(code == 0, error);
        return Numbered(folder["theirs/list"]);
    }

    private static async Task<string> OursAsync(TempFolder folder)
    {
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = folder.Path };
        var request = new BuildRequest
        {
            ContextPath = folder["context"],
            DockerfilePath = folder["Dockerfile"],
            BuildArguments = new Dictionary<string, string> { ["SALT"] = "ours" },
            Outputs = [new OutputSpec { Type = "local", Destination = folder["ours"] }],
        };
        await foreach (var _ in new BuildRunner(environment, BuildKitNode.PartsFor("bkd", environment)).RunAsync(request, TestContext.Current.CancellationToken))
        {
        }

        return Numbered(folder["ours/list"]);
    }

    /// <summary>The list with numbers that only say which names are of one file.</summary>
    private static string Numbered(string file)
    {
        var numbers = new Dictionary<string, int>();
        return InodePattern().Replace(File.ReadAllText(file, Encoding.Latin1), m => (numbers[m.Value] = numbers.GetValueOrDefault(m.Value, numbers.Count)).ToString(CultureInfo.InvariantCulture));
    }

    private static string Different(string theirs, string ours)
    {
        var (left, right) = (theirs.Split('\n'), ours.Split('\n'));
        var at = left.Zip(right).TakeWhile(p => p.First == p.Second).Count();
        return string.Join('\n', left.Skip(at).Take(3).Concat(["---"]).Concat(right.Skip(at).Take(3)).Select(TreePath.Show));
    }

    private static string IgnoreFile(Random random, List<string> paths)
    {
        var lines = new List<string>();
        while (lines.Count < 12)
        {
            var line = random.Next(8) switch
            {
                0 => "# " + RandomSelection.Pattern(random, paths),
                1 => RandomTree.Pick(random, ["", "  ", "#", "\t"]),
                _ => RandomTree.Pick(random, ["", "", "", " ", "\t"]) + RandomSelection.Pattern(random, paths) + RandomTree.Pick(random, ["", "", "", " "]),
            };
            if (IsOfUse(line))
            {
                lines.Add(line);
            }
        }

        return RandomTree.Pick(random, ["", "\uFEFF"]) + string.Join(RandomTree.Pick(random, ["\n", "\r\n"]), lines);
    }

    /// <summary>Whether a build with the line does not fail, and leaves more than a few trees in the context.</summary>
    private static bool IsOfUse(string line)
    {
        if (line.TrimStart().StartsWith('#') || line.AsSpan().Trim().IsEmpty)
        {
            return true;
        }

        if (line.Any(c => c is '\n' or '\0'))
        {
            return false;
        }

        try
        {
            var pattern = IgnorePatterns.Parse([line], backslashSeparates: false);
            pattern.Demand();
            return Enumerable.Range(0, TreesPerContext).Count(i => pattern.IsMatch($"t{i}", [], new bool[1])) < 2;
        }
        catch (BuildxException)
        {
            return false;
        }
    }

    [GeneratedRegex("@@[0-9]+@@")]
    private static partial Regex InodePattern();
}
