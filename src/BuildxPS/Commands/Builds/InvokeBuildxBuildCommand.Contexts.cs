using System.Management.Automation;
using System.Text;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

// Where the files and the Dockerfile come from.
public sealed partial class InvokeBuildxBuildCommand
{
    /// <summary>As in docker: what comes through the pipeline.</summary>
    private const string Piped = "-";
    private const string Here = ".";

    private readonly List<object> _piped = [];
    private bool _isPathGiven;
    private string _givenPath = Here;
    private string? _givenFile;
    private bool _isStreamTaken;

    /// <summary>
    /// The build context: a folder; a git repository (<c>https://HOST/NAME.git#REF:SUBFOLDER</c>, <c>git@HOST:NAME</c>,
    /// <c>github.com/OWNER/NAME</c>) or an archive or Dockerfile at an address of http, which the engine fetches; or <c>-</c> for
    /// an archive or a Dockerfile from the pipeline. Without it the current location.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName")]
    [PathArgument]
    public string? Path { get; set; }

    /// <summary>
    /// The Dockerfile, relative to the current location, or in the context where that is an archive or at an address; an address
    /// of http, which the engine fetches; or <c>-</c> for lines from the pipeline. Without it <c>Dockerfile</c> in the context.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("f", "Dockerfile")]
    [PathArgument(TakesNull = true)]
    public string? File { get; set; }

    /// <summary>
    /// The build context as an archive (tar, also in gzip, bzip2 or xz): an open stream, bytes, or a file. A stream that is no
    /// archive is taken for the Dockerfile of a build without a context.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public object? ContextStream { get; set; }

    /// <summary>The Dockerfile itself, as one text or as lines. Without <see cref="Path"/> the build has an empty context.</summary>
    [Parameter]
    [AllowEmptyCollection]
    [AllowEmptyString]
    [AllowNull]
    public string[]? DockerfileContent { get; set; }

    /// <summary>
    /// What <c>-Path -</c> takes as build context (a file, a stream or bytes of an archive, or the lines of a Dockerfile), or
    /// <c>-File -</c> as Dockerfile.
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    [PipedArgument]
    public object? InputObject { get; set; }

    private bool TakesPipeline => (_isPathGiven && _givenPath == Piped) || _givenFile == Piped;

    /// <summary>
    /// Whether the current input is an object whose properties are parameters. Text, files and folders are none: PowerShell gives
    /// each folder a property Target, which is where a link leads.
    /// </summary>
    private protected override bool HasProperties => InputObject is null;

    /// <summary>Whether the current input has values of its own.</summary>
    private bool HasOwnValues => MyInvocation.ExpectingInput && !TakesPipeline && HasOwn;

    private bool HasOwn => new[] { nameof(Path), nameof(File), nameof(Tag), nameof(Platform), nameof(Target), nameof(BuildArg) }.Any(IsOwn);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (TakesPipeline)
        {
            BuildInput(_givenPath);
        }

        Pump(1);
    }

    private void BeginContexts()
    {
        _isPathGiven = Path is not null;
        _givenPath = Path ?? Here;
        _givenFile = File;
        if (_isPathGiven && Path == Piped && File == Piped)
        {
            _ = ForAll<object>(Piped, () => throw Contradiction("The pipeline cannot be both the build context and the Dockerfile", "Give one of them as a file, or the Dockerfile with -DockerfileContent."));
        }
    }

    /// <summary>Keeps what came through the pipeline for the end of it.</summary>
    /// <returns>Whether it is taken so; else it is an input of its own.</returns>
    private bool TakePiped()
    {
        if (TakesPipeline)
        {
            if (InputObject is { } input)
            {
                _piped.Add(input);
            }
            else if (MyInvocation.ExpectingInput && HasOwn)
            {
                ForInput(Piped, () => throw Contradiction(
                    "Objects with parameters of builds came through the pipeline, which is an archive or a Dockerfile here",
                    "Leave out -Path - and -File - to build each object."));
            }

            return true;
        }

        if (InputObject is { } unused && (_isPathGiven || Path is null))
        {
            ForInput(unused, () => throw Contradiction(
                "What comes through the pipeline is not used: it is no folder, or the build context is given with -Path",
                "Leave out -Path to build each folder from the pipeline; -Path - takes an archive or a Dockerfile from it, and -File - a Dockerfile."));
            return true;
        }

        return false;
    }

    /// <summary>Completes a request with the context and the Dockerfile of one input.</summary>
    private BuildRequest ReadContext(BuildRequest request, string path)
    {
        // Not what is bound: PowerShell goes on to call a parameter that once came with an object.
        var hasPath = Path is not null && (path != Piped || !TakesPipeline);
        if (DockerfileContent is not null || MyInvocation.BoundParameters.ContainsKey(nameof(DockerfileContent)))
        {
            request = request with { DockerfileText = string.Join('\n', DockerfileContent ?? []) };
        }

        if (ContextStream is { } stream)
        {
            if (PairArguments.Unwrap(stream) is Stream && _isStreamTaken)
            {
                throw Contradiction("An open stream can be read once, and a build before this one has read it", "Give -ContextStream bytes or a file for several builds.");
            }

            _isStreamTaken = true;
            return hasPath
                ? throw Contradiction("The build context is given twice, with -Path and with -ContextStream", "Give one of them.")
                : ReadStream(WithFile(request, isInContext: true), stream, "The input of -ContextStream");
        }

        if (_isPathGiven && path == Piped)
        {
            return ReadStream(WithFile(request, isInContext: true), PipedInput(), "The input of the pipeline");
        }

        var context = !hasPath && request.DockerfileText is not null ? "" : ResolveContext(path);
        request = WithFile(request with { ContextPath = context }, isInContext: context.Length > 0 && BuildAddress.IsAddress(context));
        return _givenFile == Piped
            ? request with { DockerfileText = Run(token => StreamArguments.ReadDockerfileAsync(PipedInput(), ResolveFile, "The Dockerfile from the pipeline", token)) }
            : request;
    }

    private BuildRequest ReadStream(BuildRequest request, object input, string name)
        => Run(token => StreamArguments.ReadAsync(request, input, ResolveFile, name, token));

    private object PipedInput() => _piped switch
    {
        [] => throw Contradiction("Nothing came through the pipeline", "Pipe an archive or a Dockerfile into the command: Get-Item context.tar, or Get-Content Dockerfile."),
        // One by one, as Get-Content gives them.
        _ when _piped.TrueForAll(o => o is string) => Encoding.UTF8.GetBytes(string.Join('\n', _piped)),
        _ when _piped.TrueForAll(o => o is byte) => _piped.Cast<byte>().ToArray(),
        [var one] => one,
        _ => throw Contradiction("More came through the pipeline than one archive or one Dockerfile", "Pipe one file or stream, bytes, or the lines of one Dockerfile."),
    };

    private string ResolveContext(string path)
        => BuildAddress.IsAddress(path) && !IsFolder(path) ? path : ResolvePath(path, BuildxFailure.BuildContextNotFound, "The build context");

    private string ResolveFile(string path) => ResolvePath(path, BuildxFailure.BuildContextNotFound, "The archive");

    /// <summary>A folder wins over an address that looks like it.</summary>
    private bool IsFolder(string path)
    {
        try
        {
            return Directory.Exists(SessionState.Path.GetUnresolvedProviderPathFromPSPath(path));
        }
        catch (Exception e) when (e is SessionStateException or ProviderInvocationException or NotSupportedException or PSArgumentException)
        {
            return false;
        }
    }

    private BuildRequest WithFile(BuildRequest request, bool isInContext)
    {
        var isOwn = HasOwnValues && IsOwn(nameof(File));
        if ((isOwn ? OwnArguments.Filled(File) : _givenFile) is not { } file)
        {
            return request;
        }

        if (file == Piped)
        {
            return isOwn ? throw Contradiction("The Dockerfile of an object is '-', and the pipeline has the objects", "Name a file; '-' is for -File on the command line.")
                : request.DockerfileText is null
                ? request
                : throw Contradiction("The Dockerfile is given twice, with -File - and with -DockerfileContent", "Give one of them.");
        }

        var isAsWritten = BuildAddress.IsHttp(file) || (isInContext && !string.IsNullOrWhiteSpace(file) && !IsAbsolute(file));
        return request with { DockerfilePath = isAsWritten ? file : isOwn ? Resolved() : ForAll(file, Resolved) };

        string Resolved() => ResolvePath(file, BuildxFailure.DockerfileNotFound, "The Dockerfile");
    }

    private static string NameOf(BuildRequest request)
        => request.ContextArchive?.Name ?? (request.ContextPath.Length > 0 ? BuildAddress.Show(request.ContextPath) : "a Dockerfile without a build context");

    private bool IsAbsolute(string path)
        => System.IO.Path.IsPathFullyQualified(path) || path.StartsWith('~') || SessionState.Path.IsPSAbsolute(path, out _);

    private static BuildxException Contradiction(string problem, string advice) => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);
}
