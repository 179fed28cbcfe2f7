using System.Management.Automation;
using BuildxPS.Engine.Reports;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Writes builds as one page of HTML: when their steps ran, what the cache had, what was slow, what was warned of and what failed.</summary>
[Cmdlet(VerbsData.Export, "BuildxReport", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportBuildxReportCommand : BuildxCommand
{
    private readonly List<ReportedBuild> _builds = [];
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private ReportFile? _file;
    private string _path = "";

    /// <summary>The page. A file that is there is replaced, in one step.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath", "FilePath")]
    [PathArgument]
    public string Path { get; set; } = "";

    /// <summary>
    /// What <c>Invoke-BuildxBuild</c> gave, and errors of builds that failed: from an <c>-ErrorVariable</c>, or with <c>2&gt;&amp;1</c> before the
    /// pipe. All go on one page.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Alias("BuildResult", "ErrorRecord")]
    [AllowEmptyCollection]
    [AllowNull]
    public object?[]? InputObject { get; set; }

    /// <summary>The page's title; without it the image's name, or how many builds there are.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>Keeps a file that is there, and reports an error.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replaces a file that is read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _file = ForAll(Path, () =>
    {
        // Before the builds that are to be reported: nobody waits for them in vain.
        _path = ResolvePath(Path, BuildxFailure.DestinationNotWritable, "The report");
        var file = new ReportFile(_path) { KeepsExisting = NoClobber, ReplacesReadOnly = Force };
        file.Check();
        return file;
    });

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // A null of the pipeline comes as no list at all.
        foreach (var input in InputObject ?? [null])
        {
            ForInput(input, () =>
            {
                var (build, identity) = ReportArguments.Read(input);
                if (build is not null && _seen.Add(identity!))
                {
                    _builds.Add(build);
                }
            });
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_builds.Count == 0)
        {
            WriteWarning($"There is no build to report, so '{_path}' is not written. A build that failed gives an error: take it along with 2>&1 before the pipe.");
        }
        else if (ShouldProcess(_path, $"Write a report of {(_builds.Count == 1 ? "1 build" : $"{_builds.Count} builds")}"))
        {
            ForAll(Path, () =>
            {
                Run(token => _file!.WriteAsync(new BuildReport { Title = Title, Created = DateTimeOffset.Now, Builds = _builds }, token));
                return true;
            });
            // As Get-Item gives it, with what its view shows.
            WriteObject(InvokeProvider.Item.Get([_path], force: true, literalPath: true), enumerateCollection: true);
        }
    }
}
