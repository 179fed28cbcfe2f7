using System.Collections;
using System.Text;
using BuildxPS.Engine.Reports;
using BuildxPS.Engine.Tests.Environment;
using static BuildxPS.Engine.Tests.Reports.TestBuilds;

namespace BuildxPS.Engine.Tests.Reports;

public sealed class ReportFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string FilePath => Path.Join(_folder.Path, "r.html");

    [Fact]
    public async Task A_page_replaces_what_was_there_and_leaves_nothing_beside_it()
    {
        File.WriteAllText(FilePath, "old");
        await new ReportFile(FilePath).WriteAsync(Report("Zoë \uD83D\uDE80 \uD800"), Token);
        var bytes = File.ReadAllBytes(FilePath);
        Assert.Equal("<!DOCTYPE html>"u8.ToArray(), bytes[..15]);
        Assert.Contains("<h1>Zoë \uD83D\uDE80 \uFFFD</h1>", new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes), StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_file_that_is_to_stay_stays()
    {
        File.WriteAllText(FilePath, "old");
        var error = await Assert.ThrowsAsync<BuildxException>(() => new ReportFile(FilePath) { KeepsExisting = true }.WriteAsync(Report("x"), Token));
        Assert.Equal(BuildxFailure.DestinationNotWritable, error.Failure);
        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(FilePath));
    }

    [Fact]
    public async Task A_read_only_file_is_replaced_only_on_demand()
    {
        File.WriteAllText(FilePath, "old");
        File.SetAttributes(FilePath, FileAttributes.ReadOnly);
        var error = await Assert.ThrowsAsync<BuildxException>(() => new ReportFile(FilePath).WriteAsync(Report("x"), Token));
        Assert.Contains("-Force", error.Advice, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(FilePath));
        await new ReportFile(FilePath) { ReplacesReadOnly = true }.WriteAsync(Report("x"), Token);
        Assert.Contains("<h1>x</h1>", File.ReadAllText(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_file_that_is_not_replaced_is_as_it_was()
    {
        File.WriteAllText(FilePath, "old");
        File.SetAttributes(FilePath, FileAttributes.ReadOnly);
        var before = Rights(FilePath);
        using var source = new CancellationTokenSource();
        var report = Report("x") with { Builds = new CancelingBuilds(source) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new ReportFile(FilePath) { ReplacesReadOnly = true }.WriteAsync(report, source.Token));
        Assert.Equal(before, Rights(FilePath));
        Assert.Equal("old", File.ReadAllText(FilePath));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_folder_is_no_page()
    {
        var error = Assert.Throws<BuildxException>(() => new ReportFile(_folder.Path).Check());
        Assert.Equal(BuildxFailure.DestinationNotWritable, error.Failure);
    }

    private static BuildReport Report(string title) => new() { Title = title, Created = Start, Builds = [ReportedBuild.Of(Result(Step(1, "[1/1] RUN a", 0, 1)))] };

    private static object Rights(string path) => OperatingSystem.IsWindows() ? File.GetAttributes(path) : File.GetUnixFileMode(path);

    /// <summary>Somebody gives up while the page is written.</summary>
    private sealed class CancelingBuilds(CancellationTokenSource source) : IReadOnlyList<ReportedBuild>
    {
        private readonly ReportedBuild _build = ReportedBuild.Of(Result());

        public int Count => 1;

        public ReportedBuild this[int index]
        {
            get
            {
                source.Cancel();
                return _build;
            }
        }

        public IEnumerator<ReportedBuild> GetEnumerator()
        {
            yield return this[0];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
