using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;
using BuildxPS.Formatting;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Copies images between registries and OCI layouts, with all platforms, attestations, and what was attached to them.</summary>
[Cmdlet(VerbsCommon.Copy, "BuildxImage", SupportsShouldProcess = true)]
[OutputType(typeof(ImageIndex), typeof(ImageManifest))]
public sealed class CopyBuildxImageCommand : RegistryProgressCommand, IDisposable
{
    private readonly RegistryLog _log = new();
    private readonly Dictionary<string, (string Source, string Name)> _written = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RegistryClient> _clients = new(StringComparer.OrdinalIgnoreCase);
    private ClientEnvironment? _environment;
    private RegistryTrust? _trust;
    private CredentialStore? _stored;
    private IReadOnlyList<Platform> _platforms = [];

    /// <summary>
    /// The images: text such as <c>registry.local:5000/app:1</c> or <c>oci-layout://PATH[:TAG][@DIGEST]</c> (a folder or a
    /// tar), references, or what <c>Get-BuildxImageManifest</c> or <c>Invoke-BuildxBuild -Push</c> gave.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ImageReferenceArgument]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public object[] Source { get; set; } = [];

    /// <summary>
    /// Where each image goes: references, or <c>oci-layout://PATH[:TAG]</c>. A layout folder keeps what it has; a path that ends
    /// in <c>.tar</c>, or is a file, is written anew.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public string[] Destination { get; set; } = [];

    /// <summary>Only these platforms of an image that has several, with their attestations. All without it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>Leaves out what was attached to the image: signatures, SBOMs and attestations outside its index.</summary>
    [Parameter]
    public SwitchParameter NoReferrer { get; set; }

    /// <summary>How many blobs travel at the same time.</summary>
    [Parameter]
    [ValidateRange(1, 8)]
    public int ThrottleLimit { get; set; } = 4;

    /// <inheritdoc/>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public override string? Builder { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _environment = ClientEnvironment.Read();
        _platforms = ForAll(Platform, () => PlatformArguments.Read(Platform));
        _trust = ForAll(RegistryCa, ReadTrust);
        _stored = new CredentialStore(_environment);
        ChooseProgress();
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var argument in Source)
        {
            ForInput(argument, () => Copy(argument));
        }
    }

    /// <summary>Lets connections go.</summary>
    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }

        _stored?.Dispose();
    }

    private void Copy(object argument)
    {
        var source = Locate(argument is BuildResult result ? ReferenceOf(result) : (string)argument, "The source");
        var destinations = Destination.Select(d => Locate(d, "The destination")).ToList();
        CheckOnlyOnce(source, destinations);
        var copier = new ImageCopier(ClientFor(source, destinations, (argument as BuildResult)?.Builder ?? Builder));
        try
        {
            var options = new CopyOptions { Platforms = _platforms, WithReferrers = !NoReferrer, Parallelism = ThrottleLimit };
            using var image = Run(token => copier.OpenAsync(source, options, token));
            if (image.Warning is { } warning)
            {
                WriteWarning(warning);
            }

            foreach (var destination in destinations)
            {
                // What failed for one destination need not fail for the next.
                ForInput(argument, () => Copy(image, destination));
            }
        }
        finally
        {
            Report();
        }
    }

    private void Copy(CopySource image, ImageLocation destination)
    {
        var copy = Run(token => image.PlanAsync(destination, token));
        Report();
        var written = (image.Location.ToString(), destination.Reference.ToString());
        if (ShouldProcess(destination.ToString(), copy.Summary))
        {
            Show(copy.RunAsync);
            Report();
            _written[KeyOf(destination)] = written;
            KeptDepth.TellFor(copy.Result);
            WriteObject(copy.Result);
        }
        else if (IsPreview)
        {
            _written[KeyOf(destination)] = written;
        }
    }

    /// <summary>Several images that get one name would each take it from the one before; and a tar holds one image, whatever its name.</summary>
    private void CheckOnlyOnce(ImageLocation source, IReadOnlyList<ImageLocation> destinations)
    {
        var taken = new Dictionary<string, (string Source, string Name)>(_written, StringComparer.Ordinal);
        foreach (var destination in destinations)
        {
            var wanted = (source.ToString(), destination.Reference.ToString());
            if (taken.TryGetValue(KeyOf(destination), out var before) && before != wanted)
            {
                throw new BuildxException(
                    BuildxFailure.ArgumentInvalid,
                    $"'{source}' is to be copied to '{destination}', which the same command copies '{before.Source}' to{(before.Name == wanted.Item2 ? "" : $" as '{before.Name}'; a tar holds one image")}.",
                    "Give each image a destination of its own: pipe objects with the properties Source and Destination. A layout in a folder holds several images.");
            }

            taken[KeyOf(destination)] = wanted;
        }
    }

    private static string KeyOf(ImageLocation destination)
        => CopySource.IsArchive(destination) ? Path.GetFullPath(destination.LayoutPath!) : destination.Reference.ToString();

    private RegistryClient ClientFor(ImageLocation source, IReadOnlyList<ImageLocation> destinations, string? builder)
    {
        var logins = ReadLogins(destinations.Prepend(source).Where(l => l.LayoutPath is null).Select(l => l.Reference.Registry));
        var key = $"{builder}|{string.Join(' ', logins.Keys)}";
        if (_clients.TryGetValue(key, out var known))
        {
            return known;
        }

        var client = CreateClient(_environment!, _trust!, builder, new GivenCredentials(logins, _stored!), _log.Add);
        _clients[key] = client;
        return client;
    }

    private ImageLocation Locate(string text, string what)
        => ImageLocation.Parse(text, path => ResolvePath(path, BuildxFailure.ArgumentInvalid, what));

    private static string ReferenceOf(BuildResult result)
        => result is { Images: [var name, ..], Digest: { } digest }
            ? (ImageReference.Parse(name) with { Digest = digest }).ToString()
            : throw new BuildxException(
                BuildxFailure.ImageNotFound,
                $"The build {result.BuildRef} gave no image that a registry could have: it has {(result.Digest is null ? "no digest" : "no name")}.",
                "Build with -Tag and -Push.");

    private void Report()
    {
        foreach (var line in _log.Take())
        {
            WriteVerbose(line);
        }
    }
}
