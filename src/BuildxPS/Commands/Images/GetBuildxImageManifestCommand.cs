using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Formatting;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Reads an image's index or manifest, and what belongs to it, from its registry or an OCI layout: <c>docker buildx imagetools inspect</c>.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxImageManifest", DefaultParameterSetName = DocumentSet)]
[OutputType(typeof(ImageIndex), typeof(ImageManifest), typeof(string), ParameterSetName = [DocumentSet])]
[OutputType(typeof(ImageConfig), typeof(string), ParameterSetName = [ConfigSet])]
[OutputType(typeof(ImageAttestation), typeof(string), ParameterSetName = [AttestationSet])]
[OutputType(typeof(ImageReferrer), ParameterSetName = [ReferrerSet])]
public sealed class GetBuildxImageManifestCommand : RegistryCommand, IDisposable
{
    private const string DocumentSet = "Document";
    private const string ConfigSet = "Config";
    private const string AttestationSet = "Attestation";
    private const string ReferrerSet = "Referrer";
    private const string LayoutPrefix = "oci-layout://";

    private readonly Dictionary<string, RegistryClient> _clients = new(StringComparer.OrdinalIgnoreCase);
    private OrderedWork<Inspection>? _work;
    private CredentialStore? _stored;
    private ClientEnvironment? _environment;
    private RegistryTrust? _trust;
    private InspectionQuery _query = new();
    private string? _credentialRegistry;

    /// <summary>
    /// The images: text such as <c>registry.local:5000/app:1</c> or <c>oci-layout://PATH[:TAG][@DIGEST]</c>, references, or what
    /// <c>Invoke-BuildxBuild -Push</c> gave, which means each of its names with the digest that was pushed. With
    /// <c>-OciLayout</c>, tags, names or digests in that layout.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ImageReferenceArgument]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public object[] Reference { get; set; } = [];

    /// <summary>An OCI layout to read from: a folder or a tar, with <c>:TAG</c> or <c>@DIGEST</c> behind it if that is not said by <c>-Reference</c>.</summary>
    [Parameter]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string? OciLayout { get; set; }

    /// <summary>Gives the images for these platforms instead of their index, or what is asked for of those alone.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>Gives the text exactly as it is kept, and no object.</summary>
    [Parameter(ParameterSetName = DocumentSet)]
    [Parameter(ParameterSetName = ConfigSet)]
    [Parameter(ParameterSetName = AttestationSet)]
    public SwitchParameter Raw { get; set; }

    /// <summary>Gives the configs of the images, each as an <see cref="ImageConfig"/>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ConfigSet)]
    public SwitchParameter Config { get; set; }

    /// <summary>Gives the image's attestations, each as an <see cref="ImageAttestation"/>: provenance, SBOM, and what else lies beside it in its index.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AttestationSet)]
    public SwitchParameter Attestation { get; set; }

    /// <summary>Gives what was attached to the image, each as an <see cref="ImageReferrer"/>: signatures, SBOMs, attestations outside of its index.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ReferrerSet)]
    public SwitchParameter Referrer { get; set; }

    /// <summary>Only what is of these types.</summary>
    [Parameter(ParameterSetName = ReferrerSet)]
    [ValidateNotNullOrEmpty]
    public string[] ArtifactType { get; set; } = [];

    /// <summary>A login for the registry, or a hashtable of host and login where there are several. Without it docker's stored logins count.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? Credential { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _work = new OrderedWork<Inspection>(PipelineStopToken);
        _environment = ClientEnvironment.Read();
        _trust = ForAll(RegistryCa, ReadTrust);
        _stored = new CredentialStore(_environment);
        _query = ForAll(Platform, () => new InspectionQuery
        {
            Part = Config ? InspectedPart.Config : Attestation ? InspectedPart.Attestation : Referrer ? InspectedPart.Referrer : InspectedPart.Document,
            Platforms = PlatformArguments.Read(Platform),
            ArtifactTypes = ArtifactType,
        });
        _ = ForAll(Credential, () => CredentialArguments.Read(Credential, []));
        if (Reference.Length == 0 && !MyInvocation.ExpectingInput)
        {
            var location = ForAll(OciLayout, () => LayoutLocation(null));
            var inspector = ForAll(Builder, () => new ImageInspector(ClientFor(Builder, null)));
            _work.Begin(OciLayout, token => inspector.InspectAsync(location, _query, token));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var argument in Reference)
        {
            ForInput(argument, () => Begin(argument));
        }

        while (_work!.IsDue)
        {
            WriteNext();
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        while (WriteNext())
        {
        }
    }

    /// <summary>Gives up what is still under way where the pipeline ends early.</summary>
    public void Dispose()
    {
        _work?.Dispose();
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }

        _stored?.Dispose();
    }

    private void Begin(object argument)
    {
        foreach (var location in LocationsOf(argument))
        {
            var registry = location.LayoutPath is null ? location.Reference.Registry : null;
            var inspector = new ImageInspector(ClientFor((argument as BuildResult)?.Builder ?? Builder, registry));
            _work!.Begin(argument, token => inspector.InspectAsync(location, _query, token));
        }
    }

    private IEnumerable<ImageLocation> LocationsOf(object argument) => argument switch
    {
        BuildResult result => ReferencesOf(result).Select(r => new ImageLocation { Reference = r }),
        string text when OciLayout is not null && !text.StartsWith(LayoutPrefix, StringComparison.Ordinal) => [LayoutLocation(text)],
        _ => [ImageLocation.Parse((string)argument, path => ResolvePath(path, BuildxFailure.ArgumentInvalid, "The OCI layout"))],
    };

    /// <summary>An image in the layout that is named.</summary>
    /// <param name="name">Its tag, name or digest; null for what the path says.</param>
    private ImageLocation LayoutLocation(string? name)
    {
        if (OciLayout is null)
        {
            throw new BuildxException(BuildxFailure.ArgumentInvalid, "No image is named.", "Name one with -Reference, pipe references, or name an OCI layout with -OciLayout.");
        }

        var location = ImageLocation.Parse(LayoutPrefix + OciLayout, path => ResolvePath(path, BuildxFailure.ArgumentInvalid, "The OCI layout"));
        return name is null ? location : location.Choose(name);
    }

    /// <summary>What speaks to a registry. What is pushed by a builder that trusts it can be read from there without saying so again.</summary>
    private RegistryClient ClientFor(string? builder, string? registry)
    {
        var logins = CredentialArguments.Read(Credential, registry is null ? [] : [registry]);
        if (PairArguments.Unwrap(Credential) is PSCredential && registry is not null && !registry.Equals(_credentialRegistry ??= registry, StringComparison.OrdinalIgnoreCase))
        {
            // One registry's password is never offered to another.
            _ = CredentialArguments.Read(Credential, [_credentialRegistry, registry]);
        }

        var key = $"{builder}|{(logins.Count > 0 ? registry : "")}";
        if (!_clients.TryGetValue(key, out var client))
        {
            client = new RegistryClient(new RegistryClientOptions
            {
                Environment = _environment!,
                Trust = WithBuilder(_trust!, builder, _environment!),
                Credentials = logins.Count > 0 ? new GivenCredentials(logins, _stored!) : _stored,
                Log = _work!.Note,
            });
            _clients[key] = client;
        }

        return client;
    }

    private static IEnumerable<ImageReference> ReferencesOf(BuildResult result)
    {
        if (result.Images.Count == 0 || result.Digest is null)
        {
            throw new BuildxException(
                BuildxFailure.ImageNotFound,
                $"The build {result.BuildRef} gave no image that a registry could have: it has {(result.Digest is null ? "no digest" : "no name")}.",
                "Build with -Tag and -Push.");
        }

        return result.Images.Select(image => ImageReference.Parse(image) with { Digest = result.Digest });
    }

    private bool WriteNext()
    {
        if (!_work!.TryTake(out var target, out var work))
        {
            return false;
        }

        ForInput(target, () =>
        {
            Inspection inspection;
            try
            {
                inspection = Run(_ => work);
            }
            catch (BuildxException)
            {
                Report();
                throw;
            }

            Report();
            if (inspection.Problem is not null)
            {
                WriteWarning(inspection.Problem);
            }

            KeptDepth.TellFor(inspection.Found);
            WriteObject(Raw ? inspection.Found.Select(RawText) : inspection.Found, enumerateCollection: true);
        });
        return true;
    }

    private static string RawText(object found) => found switch
    {
        ImageDocument document => document.RawJson,
        ImageConfig config => config.RawJson,
        ImageAttestation attestation => attestation.RawJson,
        _ => throw new ArgumentException($"A {found.GetType()} has no text.", nameof(found)),
    };

    private void Report()
    {
        foreach (var line in _work!.TakeNotes())
        {
            WriteVerbose(line);
        }
    }
}
