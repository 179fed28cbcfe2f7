using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Progress.Ci;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Builds an image or files from a Dockerfile and a folder: <c>docker buildx build</c>.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "BuildxBuild", SupportsShouldProcess = true)]
[OutputType(typeof(BuildResult), typeof(byte[]))]
public sealed partial class InvokeBuildxBuildCommand : BuildInputCommand, IDisposable
{
    private string? _builderOfAll;
    private BuildRequest? _requestOfAll;

    /// <inheritdoc/>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TargetCompleter))]
    public override string? Target { get; set; }

    /// <summary>Names for the image.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("t")]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public string[]? Tag { get; set; }

    /// <summary>Labels of the image: hashtables or <c>'KEY=value'</c>.</summary>
    [Parameter]
    public object[]? Label { get; set; }

    /// <summary>
    /// Where the result goes: <c>'type=tar,dest=out.tar'</c>, a folder, a hashtable, or an <see cref="OutputSpec"/>. <c>-</c> (a tar) and
    /// <c>dest=-</c> send bytes down the pipeline instead of a <see cref="BuildResult"/>: <c>Invoke-BuildxBuild . -Output - | tar -x -C out</c>.
    /// </summary>
    [Parameter]
    [Alias("o")]
    [ArgumentCompleter(typeof(OutputCompleter))]
    public object[]? Output { get; set; }

    /// <summary>Caches to read from: <c>'type=local,src=folder'</c>, an image reference, a hashtable, or a <see cref="CacheSpec"/>.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CacheCompleter))]
    public object[]? CacheFrom { get; set; }

    /// <summary>Caches to write to: <c>'type=local,dest=folder'</c>, an image reference, a hashtable, or a <see cref="CacheSpec"/>.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CacheCompleter))]
    public object[]? CacheTo { get; set; }

    /// <summary>Pushes the image under its names to their registries.</summary>
    [Parameter]
    public SwitchParameter Push { get; set; }

    /// <summary>Loads the image into the docker daemon.</summary>
    [Parameter]
    public SwitchParameter Load { get; set; }

    /// <summary>Runs every step, whatever the cache has.</summary>
    [Parameter]
    public SwitchParameter NoCache { get; set; }

    /// <summary>
    /// How many builds of one pipeline run at the same time, on shared connections; 1 for builds that need what those before them
    /// made. Results come in the order of the input. Builds that write to the same file or folder run one after the other.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 4;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _builderOfAll = Builder;
        _requestOfAll = WithOptions(ReadInputs((nameof(Tag), Tag), (nameof(Target), Target), (nameof(File), File)) with
        {
            Target = ForAll(Target, () => ReadTarget(IsGiven(nameof(Target)))),
            Tags = [.. (Tag ?? []).Select(t => ForAll(t, () => ImageReference.Parse(t)))],
            Labels = ForAll(Label, () => PairArguments.Read(Label ?? [], "label", _ => "")),
            Outputs = ForAll(Output, () => OutputArguments.Read(Output ?? []).Select(Resolve).ToList()),
            CacheFrom = ForAll(CacheArguments.Show(CacheFrom), () => CacheArguments.Read(CacheFrom ?? []).Select(c => Resolve(c, "src")).ToList()),
            CacheTo = ForAll(CacheArguments.Show(CacheTo), () => CacheArguments.Read(CacheTo ?? []).Select(c => Resolve(c, "dest")).ToList()),
            Push = Push,
            Load = Load,
            NoCache = NoCache,
        });
        ChooseProgress();
        _builds = new BuildQueue(ClientEnvironment.Read(), PipelineStopToken);
        BeginContexts();
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _ownOfFailure = HasOwnValues;
        if (!TakePiped())
        {
            BuildInput(Path ?? Here);
        }
    }

    private void BuildInput(string path) => ForInput(BuildAddress.Show(path), () =>
    {
        (_builderOfFailure, _ownOfFailure) = (Builder, HasOwnValues);
        try
        {
            Begin(path);
        }
        catch (BuildxException e) when (IsFatal(e.Failure))
        {
            Finish();
            (_builderOfFailure, _ownOfFailure) = (Builder, HasOwnValues);
            throw;
        }
    });

    private void Begin(string path)
    {
        var request = ReadContext((HasOwnValues ? WithOwnNames(WithOwn(_requestOfAll!)) : _requestOfAll!) with { Builder = Selection }, path);
        // Before the question: a preview must not promise what would be refused.
        LocalDelete.Check(request.Outputs, SessionState.Path.CurrentFileSystemLocation.ProviderPath, isAllowed: request.Entitlements.Contains(LocalDelete.Entitlement));
        new BuildRunner(ClientEnvironment.Read()).Check(request);
        RefuseMoreBytes(request);
        if (ShouldProcess(NameOf(request), Describe(request)))
        {
            WriteVerbose($"Building '{NameOf(request)}'.");
            Pump(LimitOf(request));
            var build = _builds!.Begin(BuildAddress.Show(path), request);
            build.HasOwnValues = HasOwnValues;
            build.Label = LabelOf(request);
            build.Display = CreateDisplay(build.Label, build.Place, CiLogOptions.DockerfileOf(request));
        }
        else if (IsPreview)
        {
            Preview(request);
        }
    }

    /// <summary>Says which node would build what, and why, as far as that is known without starting anything.</summary>
    private void Preview(BuildRequest request)
    {
        try
        {
            var preview = Run(token => new PlanPreview(ClientEnvironment.Read()).MakeAsync(request, token));
            foreach (var node in preview.Plan?.Nodes ?? [])
            {
                ShouldProcess($"node '{node.Node}' of builder '{preview.Plan!.Builder}'", $"Build {preview.Describe(node)}: {node.Reason}");
            }

            preview.Notes.ToList().ForEach(WriteVerbose);
        }
        catch (BuildxException e)
        {
            WriteVerbose($"Which node would build what is not known: {e.Message}");
        }
    }

    private protected override bool IsFatal(BuildxFailure failure) => failure switch
    {
        // The next object may fit: it has names, platforms and the like of its own.
        BuildxFailure.PlatformInvalid or BuildxFailure.TagInvalid or BuildxFailure.TagRequired
            or BuildxFailure.OutputInvalid or BuildxFailure.CacheInvalid or BuildxFailure.NotImplemented or BuildxFailure.ArgumentInvalid
            or BuildxFailure.AnnotationInvalid or BuildxFailure.AttestationInvalid => !_ownOfFailure,
        BuildxFailure.LayoutNotFound or BuildxFailure.LayoutInvalid or BuildxFailure.SelectionConflict
            or BuildxFailure.SecretInvalid or BuildxFailure.SecretNotFound or BuildxFailure.SecretUnreadable or BuildxFailure.SecretTooLarge
            or BuildxFailure.SshInvalid or BuildxFailure.SshAgentUnavailable or BuildxFailure.SshKeyInvalid or BuildxFailure.SshKeyEncrypted => true,
        BuildxFailure.EngineUnreachable or BuildxFailure.EngineAccessDenied or BuildxFailure.EngineCertificateInvalid
            or BuildxFailure.EndpointInvalid or BuildxFailure.EndpointUnsupported or BuildxFailure.ConfigurationInvalid
            or BuildxFailure.BuilderNotFound or BuildxFailure.ContextNotFound => _builderOfFailure == _builderOfAll,
        _ => false,
    };

    private BuildRequest WithOwnNames(BuildRequest request) => request with
    {
        Target = IsOwn(nameof(Target)) ? OwnArguments.Filled(Target) : request.Target,
        Tags = IsOwn(nameof(Tag)) ? [.. OwnArguments.Filled(Tag).Select(ImageReference.Parse)] : request.Tags,
    };

    private string? ReadTarget(bool isGiven)
        => isGiven && string.IsNullOrEmpty(Target)
            ? throw Contradiction("-Target is empty, and no stage has such a name", "Name a stage; without -Target the last one is built.")
            : Target;

    private static string Describe(BuildRequest request)
    {
        IEnumerable<string> parts =
        [
            "Build",
            .. request.Target is null ? Array.Empty<string>() : [$"stage '{request.Target}'"],
            .. request.Tags.Count == 0 ? Array.Empty<string>() : ["image " + string.Join(", ", request.Tags.Select(t => t.FamiliarName))],
            .. request.Platforms.Count == 0 ? Array.Empty<string>() : ["for " + string.Join(", ", request.Platforms)],
            .. request.Outputs.Count == 0 ? Array.Empty<string>() : ["to " + string.Join(" and ", request.Outputs)],
            .. request.CacheTo.Count == 0 ? Array.Empty<string>() : ["and its cache to " + string.Join(" and ", request.CacheTo.Select(c => c.SafeText))],
            .. request.Push ? ["and push it"] : Array.Empty<string>(),
            .. request.Load ? ["and load it into the daemon"] : Array.Empty<string>(),
            .. (request.Builder.Name ?? request.Builder.Context ?? request.Builder.DockerHost) is { } builder ? [$"on {builder}"] : Array.Empty<string>(),
        ];
        return string.Join(' ', parts);
    }

    private OutputSpec Resolve(OutputSpec output)
        => string.IsNullOrEmpty(output.Destination) || output.Destination == "-"
            ? output
            : output with { Destination = ResolvePath(output.Destination, BuildxFailure.OutputInvalid, "The destination") };

    private CacheSpec Resolve(CacheSpec cache, string key)
        => cache.Type == "local" && cache.Attributes.TryGetValue(key, out var folder) && folder.Length > 0
            ? cache with
            {
                Attributes = new Dictionary<string, string>(cache.Attributes, StringComparer.Ordinal)
                {
                    [key] = ResolvePath(folder, BuildxFailure.CacheInvalid, "The cache's folder"),
                },
            }
            : cache;
}
