using System.Management.Automation;
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
public sealed class GetBuildxImageManifestCommand : RegistryCommand, IDisposable
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

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _work = new OrderedWork<(IReadOnlyList<object> Found, string? Problem)>(PipelineStopToken);
        _environment = ClientEnvironment.Read();
        _trust = ForAll(RegistryCa, ReadTrust);
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

    private RegistryClient ClientFor(string? builder)
    {
        if (!_clients.TryGetValue(builder ?? "", out var client))
        {
            client = new RegistryClient(new RegistryClientOptions
            {
                Environment = _environment!,
                Trust = WithBuilder(_trust!, builder, _environment!),
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
