using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Indexes;
using BuildxPS.Formatting;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Makes one image index of images in registries and pushes it: <c>docker buildx imagetools create</c>.</summary>
[Cmdlet(VerbsCommon.New, "BuildxImageIndex", SupportsShouldProcess = true)]
[OutputType(typeof(ImageIndex), typeof(ImageManifest))]
public sealed class NewBuildxImageIndexCommand : RegistryProgressCommand
{
    private const int MaxDescriptor = 4 * 1024 * 1024;

    private readonly List<object> _sources = [];
    private readonly RegistryLog _log = new();

    /// <summary>
    /// What it is made of, in order: references, digests and descriptors in JSON as text; descriptors, indexes and manifests as
    /// objects; what a build pushed; files with descriptors.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Reference")]
    [ValidateNotNullOrEmpty]
    [IndexSourceArgument]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public object[] Source { get; set; } = [];

    /// <summary>Files that each hold a descriptor, a digest or a reference. They come before what <c>-Source</c> names.</summary>
    [Parameter]
    [Alias("f")]
    [ValidateNotNullOrEmpty]
    public string[] File { get; set; } = [];

    /// <summary>The names that it gets, in one or several repositories and registries.</summary>
    [Parameter]
    [Alias("t")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>Adds to what the first name points at by now.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>
    /// Annotations: <c>'index:key=value'</c>, <c>'manifest-descriptor:key=value'</c>, <c>'manifest-descriptor[linux/amd64]:key=value'</c>,
    /// hashtables, or <see cref="AnnotationSpec"/> objects.
    /// </summary>
    [Parameter]
    public object[]? Annotation { get; set; }

    /// <summary>Keeps only images of these platforms, their attestations, and what is for no platform.</summary>
    [Parameter]
    [Alias("p")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>Whether a single manifest gets an index around it; <c>$false</c> takes it as it is.</summary>
    [Parameter]
    public bool PreferIndex { get; set; } = true;

    /// <summary>A file that takes what was pushed, in buildx's form.</summary>
    [Parameter]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string? MetadataFile { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        ChooseProgress();
        if (!MyInvocation.ExpectingInput && Source.Length == 0 && File.Length == 0)
        {
            _ = ForAll(Source, CreateRequest);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _sources.AddRange(Source);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        object? target = Tag.Length > 0 ? Tag : _sources.FirstOrDefault();
        var environment = ClientEnvironment.Read();
        var request = ForAll(target, CreateRequest);
        var metadataFile = ForAll(MetadataFile, () => MetadataFile is null ? null : ResolvePath(MetadataFile, BuildxFailure.ArgumentInvalid, "The file for metadata"));
        using var stored = new CredentialStore(environment);
        var registries = request.Sources.Select(s => s.Reference).OfType<ImageReference>().Concat(request.Tags).Select(r => r.Registry);
        using var client = ForAll(target, () => CreateClient(
            environment, ReadTrust(), Builder ?? _sources.OfType<BuildResult>().FirstOrDefault()?.Builder, new GivenCredentials(ReadLogins(registries), stored), _log.Add));
        var creator = new IndexCreator(client);
        var prepared = Reported(target, () => Run(token => creator.PrepareAsync(request, token)));
        foreach (var warning in prepared.Warnings)
        {
            WriteWarning(warning);
        }

        var tags = request.Tags.Where(tag => ShouldProcess(tag.ToString(), $"Push {Describe(prepared.Document)}")).ToList();
        if (tags.Count > 0)
        {
            _ = Reported(target, () =>
            {
                Show(token => creator.PushAsync(prepared, tags, metadataFile, token));
                return true;
            });
        }

        if (tags.Count > 0 || IsPreview)
        {
            KeptDepth.TellFor(prepared.Document);
            WriteObject(prepared.Document);
        }
    }

    private IndexRequest CreateRequest()
    {
        var tags = Tag.Select(ImageReference.Parse).ToList();
        var request = new IndexRequest
        {
            Sources = [.. File.Select(f => ReadFile(ResolvePath(f, BuildxFailure.ArgumentInvalid, "The file with a descriptor"))), .. _sources.Select(s => SourceOf(s, tags))],
            Tags = tags,
            IsAppended = Append,
            Annotations = OptionArguments.Annotations(Annotation ?? []),
            Platforms = PlatformArguments.Read(Platform),
            PreferIndex = PreferIndex,
        };
        request.Check(isPushed: !IsPreview);
        return request;
    }

    private static IndexSource SourceOf(object source, IReadOnlyList<ImageReference> tags) => source switch
    {
        string text => IndexSource.Parse(text),
        ImageReference reference => IndexSource.From(reference),
        Descriptor descriptor => IndexSource.From(descriptor),
        BuiltImage image => IndexSource.From(new Descriptor { MediaType = image.MediaType, Digest = image.Digest, Size = image.Size, Platform = image.Platform }),
        ImageDocument document => IndexSource.From(document),
        BuildResult result => IndexSource.From(result, tags),
        FileInfo file => ReadFile(file.FullName),
        _ => throw new ArgumentException($"A {source.GetType()} was let through.", nameof(source)),
    };

    private static IndexSource ReadFile(string path)
    {
        try
        {
            return (System.IO.File.GetAttributes(path) & (FileAttributes.Device | FileAttributes.Directory)) == 0 && new FileInfo(path).Length is > 0 and <= MaxDescriptor
                ? IndexSource.Parse(System.IO.File.ReadAllText(path))
                : throw new IOException("It is empty, no file, or larger than any descriptor.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid, $"The descriptor '{path}' cannot be read: {DisplayText.Line(e.Message)}", "Name a file that holds a descriptor, a digest or a reference.", e);
        }
    }

    private static string Describe(ImageDocument document) => document is ImageIndex index
        ? $"the index {index.Digest} of {index.Platforms.Count} {(index.Platforms.Count == 1 ? "platform" : "platforms")}"
        : $"the manifest {document.Digest}";

    /// <summary>Does what all depends on, and says what was done in the meantime, whether it went well or not.</summary>
    private T Reported<T>(object? target, Func<T> work) => ForAll(target, () =>
    {
        try
        {
            return work();
        }
        finally
        {
            if (!PipelineStopToken.IsCancellationRequested)
            {
                foreach (var line in _log.Take())
                {
                    WriteVerbose(line);
                }
            }
        }
    });
}
