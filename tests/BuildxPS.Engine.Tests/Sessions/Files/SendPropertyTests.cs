using System.Globalization;
using System.Text;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Files;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Tests.Engines.BuildKit;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>
/// Random trees and random parts of them, asked of a real <c>docker buildx build</c> and of us by the same engine, which is
/// a fake: what comes has to be the same, entry by entry and byte by byte.
/// <para>
/// <c>BUILDXPS_TEST_TREES</c> is how many trees (200 by default), <c>BUILDXPS_TEST_SEED</c> the first one's seed: a failure
/// names the seed of its tree, and with that seed and one tree comes again.
/// </para>
/// </summary>
public sealed class SendPropertyTests
{
    private const int SelectionsPerTree = 3;

    private static readonly int s_trees = Setting("BUILDXPS_TEST_TREES", 200);
    private static readonly int s_seed = Setting("BUILDXPS_TEST_SEED", 1);

    [Fact]
    public async Task Any_part_of_any_tree_is_sent_as_docker_buildx_sends_it()
    {
        using var folder = new TempFolder();
        var trees = Enumerable.Range(s_seed, s_trees).ToDictionary(seed => $"t{seed}", seed => RandomTree.Make(folder[$"t{seed}"], seed));
        await using var buildx = await BuildxSession.StartAsync(trees.Keys.ToDictionary(name => name, name => folder[name]));
        var differences = new StringBuilder();
        foreach (var (name, paths) in trees)
        {
            var random = new Random(int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture));
            for (var i = 0; i < SelectionsPerTree; i++)
            {
                var selection = i == 0 ? new FileSelection() : RandomSelection.Make(random, paths);
                var theirs = await buildx.ReceiveAsync(name, selection);
                var ours = await ReceiveAsync(folder[name], selection);
                Compare(name, selection, theirs, ours, differences);
            }
        }

        Assert.True(differences.Length == 0, differences.ToString());
    }

    private static async Task<IReadOnlyList<string>> ReceiveAsync(string folder, FileSelection selection)
    {
        using var call = new FakeCall([.. FakeReceiver.Headers("context", selection)]);
        var method = new FileSyncMethod(new Dictionary<string, IFileSource> { ["context"] = new LocalFileSource(folder) });
        var sending = call.InvokeAsync(method);
        var received = await new FakeReceiver(call.EngineInput, call.Engine).ReceiveAsync().WaitAsync(RealEngine.Guard);
        try
        {
            await sending;
            return received;
        }
        catch (SessionStatusException e)
        {
            return ["ERROR " + e.Message];
        }
    }

    private static void Compare(string tree, FileSelection selection, IReadOnlyList<string> theirs, IReadOnlyList<string> ours, StringBuilder differences)
    {
        // In words of their own.
        if (IsError(theirs) && IsError(ours))
        {
            return;
        }

        var pairs = theirs.Zip(ours).ToList();
        if (theirs.Count == ours.Count && pairs.TrueForAll(p => p.First == p.Second || IsForgotten(selection, p.First, p.Second)))
        {
            return;
        }

        _ = differences.AppendLine(CultureInfo.InvariantCulture, $"tree {tree}, {Show("exclude", selection.ExcludePatterns)} {Show("include", selection.IncludePatterns)} {Show("follow", selection.FollowPaths)}");
        _ = differences.AppendJoin("", theirs.Except(ours).Take(5).Select(l => $"  theirs {TreePath.Show(l)}\n"));
        _ = differences.AppendJoin("", ours.Except(theirs).Take(5).Select(l => $"  ours   {TreePath.Show(l)}\n"));
    }

    private static bool IsError(IReadOnlyList<string> received) => received is [var only] && only.StartsWith("ERROR", StringComparison.Ordinal);

    /// <summary>
    /// A file that docker buildx lists and then sends empty: it matches once from the root and once by itself, and with
    /// exceptions the two can differ. We send what is in the file.
    /// </summary>
    private static bool IsForgotten(FileSelection selection, string theirs, string ours)
    {
        const string Nothing = "|0:E3B0C44298FC";
        var size = ours.Split('|')[^1].Split(':')[0];
        return selection.ExcludePatterns.Concat(selection.IncludePatterns).Any(p => p.TrimStart().StartsWith('!'))
            && theirs.EndsWith(Nothing, StringComparison.Ordinal)
            && ours.StartsWith(theirs[..^Nothing.Length], StringComparison.Ordinal)
            && theirs.Contains($"|{size}|", StringComparison.Ordinal);
    }

    private static string Show(string name, IReadOnlyList<string> values) => $"{name} [{string.Join(' ', values.Select(v => $"«{TreePath.Show(v)}»"))}]";

    private static int Setting(string name, int otherwise) =>
        System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
