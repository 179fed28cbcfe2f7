using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images;
using BuildxPS.Engine.Images.Attestations;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Reads an image's index or manifest from its registry: <c>docker buildx imagetools inspect</c>.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxImageManifest")]
[OutputType(typeof(ImageIndex), typeof(ImageManifest), typeof(ImageAttestation))]
public sealed class GetBuildxImageManifestCommand : BuildxCommand, IDisposable
{
    private OrderedWork<(IReadOnlyList<object> Found, string? Problem)>? _work;
    private CredentialStore? _credentials;
    private readonly Dictionary<string, RegistryClient> _clients = new(StringComparer.OrdinalIgnoreCase);
    private ClientEnvironment? _environment;
    private RegistryTrust? _trust;

    /// <summary>
    /// The images: text such as <c>registry.local:5000/app:1</c>, references, or what <c>Invoke-BuildxBuild -Push</c>
    /// gave, which means each of its names with the digest that was pushed.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ImageReferenceArgument]
    public object[] Reference { get; set; } = [];

    /// <summary>Gives the image's attestations, each as an <see cref="ImageAttestation"/>: provenance, SBOM, and what else lies beside it in its index.</summary>
    [Parameter]
    public SwitchParameter Attestation { get; set; }

    /// <summary>Registries that are spoken to over plain http; one on this machine needs no word.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] InsecureRegistry { get; set; } = [];

    /// <summary>Registries whose https certificate is not checked.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] SkipTlsVerify { get; set; } = [];

    /// <summary>PEM files with authorities to trust: for all registries, or in a hashtable by host.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[] RegistryCa { get; set; } = [];

    /// <summary>A builder whose config says which registries are trusted; that of a piped build counts by itself.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string? Builder { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _work = new OrderedWork<(IReadOnlyList<object> Found, string? Problem)>(PipelineStopToken);
        _environment = ClientEnvironment.Read();
        _trust = ForAll(RegistryCa, () => TrustArguments.Read(
            InsecureRegistry, SkipTlsVerify, RegistryCa, path => ResolvePath(path, BuildxFailure.ArgumentInvalid, "The file with certificates")));
        _credentials = new CredentialStore(_environment);
        _ = ForAll(null, () => ClientFor(null));
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

        _credentials?.Dispose();
    }

    private void Begin(object argument)
    {
        var client = ClientFor((argument as BuildResult)?.Builder ?? Builder);
        foreach (var reference in argument is BuildResult result ? ReferencesOf(result) : [ImageReference.Parse((string)argument)])
        {
            _work!.Begin(argument, token => ReadAsync(client, reference, token));
        }
    }

    private async Task<(IReadOnlyList<object> Found, string? Problem)> ReadAsync(RegistryClient client, ImageReference reference, CancellationToken cancellationToken)
        => Attestation
            ? await new AttestationInspector(client).InspectAsync(reference, cancellationToken).ConfigureAwait(false)
            : ([await new ImageInspector(client).InspectAsync(reference, cancellationToken).ConfigureAwait(false)], null);

    /// <summary>What is pushed by a builder that trusts a registry can be read from there without saying so again.</summary>
    private RegistryClient ClientFor(string? builder)
    {
        if (!_clients.TryGetValue(builder ?? "", out var client))
        {
            client = new RegistryClient(new RegistryClientOptions
            {
                Environment = _environment!,
                Trust = builder is null ? _trust! : _trust!.With(new BuilderCatalog(_environment!).TrustOf(builder)),
                Credentials = _credentials,
                Log = _work!.Note,
            });
            _clients[builder ?? ""] = client;
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
            IReadOnlyList<object> found;
            string? problem;
            try
            {
                (found, problem) = Run(_ => work);
            }
            catch (BuildxException)
            {
                Report();
                throw;
            }

            Report();
            if (problem is not null)
            {
                WriteWarning(problem);
            }

            WriteObject(found, enumerateCollection: true);
        });
        return true;
    }

    private void Report()
    {
        foreach (var line in _work!.TakeNotes())
        {
            WriteVerbose(line);
        }
    }
}
