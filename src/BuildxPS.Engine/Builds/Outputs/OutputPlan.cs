using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>Checks the outputs that a user asked for, before any engine is contacted.</summary>
internal static class OutputPlan
{
    /// <summary>The destination that means standard output in docker, and the pipeline here.</summary>
    internal const string Pipeline = "-";

    private const string OfferedTypes = "local, tar, image, registry, docker, oci and cacheonly";

    /// <summary>Checks the outputs of a request.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The outputs, with those that <see cref="BuildRequest.Push"/> and <see cref="BuildRequest.Load"/> add.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.OutputInvalid"/>, <see cref="BuildxFailure.TagRequired"/> or <see cref="BuildxFailure.TagInvalid"/>, naming the part.
    /// </exception>
    public static IReadOnlyList<PlannedOutput> Check(BuildRequest request)
    {
        var outputs = request.Outputs.Select(o => Check(o, request.Push)).ToList();
        if (request.Push && !outputs.Exists(o => o.Pushes))
        {
            outputs.Add(new PlannedOutput { Spec = new OutputSpec { Type = "image" }, Pushes = true });
        }

        if (request.Load && !outputs.Exists(o => o.IsLoad))
        {
            outputs.Add(new PlannedOutput { Spec = new OutputSpec { Type = "docker" } });
        }

        foreach (var output in outputs.Where(o => o.Pushes))
        {
            CheckNames(output.Spec, request);
        }

        CheckDestinations(outputs);
        AnnotationPlan.Check(request, outputs);
        return outputs;
    }

    private static PlannedOutput Check(OutputSpec spec, bool push)
    {
        OutputAttributes.Check(spec);
        switch (spec.Type)
        {
            case "local":
                RequireDestination(spec);
                return new PlannedOutput { Spec = spec, Client = ClientOutput.Folder };
            case "tar":
                RequireDestination(spec);
                return new PlannedOutput { Spec = spec, Client = FileOrPipeline(spec) };
            case "oci":
                RequireDestination(spec);
                CheckImage(spec);
                return new PlannedOutput { Spec = spec, Client = ArchiveOrLayout(spec) };
            case "docker" when spec.Destination is not null:
                RequireDestination(spec);
                CheckImage(spec);
                return new PlannedOutput { Spec = spec, Client = ArchiveOrLayout(spec) };
            case "docker" when ArchiveOrLayout(spec) == ClientOutput.Layout:
                throw Invalid($"The output '{spec}' asks for a layout folder (tar=false) and names none", "Name the folder with dest, or leave tar out to load the image into docker.");
            case "docker":
                CheckImage(spec);
                return new PlannedOutput { Spec = spec };
            case "image" or "registry":
                RefuseDestination(spec);
                CheckImage(spec);
                return new PlannedOutput { Spec = spec, Pushes = push || spec.Type == "registry" || Flag(spec, "push") };
            case "cacheonly":
                RefuseDestination(spec);
                return new PlannedOutput { Spec = spec };
            default:
                throw Invalid(
                    $"The output '{spec}' has the type '{spec.Type}', which is not available",
                    $"The types that are available are {OfferedTypes}.");
        }
    }

    /// <summary>As in buildx, what is neither true nor false means true.</summary>
    private static ClientOutput ArchiveOrLayout(OutputSpec spec)
        => spec.Attributes.TryGetValue("tar", out var tar) && GoText.Boolean(tar) == false ? ClientOutput.Layout : FileOrPipeline(spec);

    private static ClientOutput FileOrPipeline(OutputSpec spec) => spec.Destination == Pipeline ? ClientOutput.Pipeline : ClientOutput.File;

    private static void CheckDestinations(List<PlannedOutput> outputs)
    {
        if (outputs.Count(o => o.Client == ClientOutput.Layout) > 1)
        {
            throw Invalid("Several outputs are layout folders (tar=false), and engines write one a build", "Ask for one of them, and copy the folder.");
        }

        if (outputs.Where(o => o.Client == ClientOutput.Pipeline).ToList() is [var first, var second, ..])
        {
            throw Invalid(
                $"Multiple outputs go to the pipeline (dest=-), whose bytes could not be told apart: '{first.Spec}' and '{second.Spec}'",
                $"Give all but one of them a file, for example '{second.Spec with { Destination = "out.tar" }}'.");
        }

        var comparer = OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        var twice = outputs.Where(o => o.Client is not (ClientOutput.None or ClientOutput.Pipeline))
            .GroupBy(o => Path.TrimEndingDirectorySeparator(Path.GetFullPath(o.Spec.Destination!)), comparer)
            .FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            throw Invalid($"Two outputs have the same destination '{twice.Key}'", "Give each output a destination of its own.");
        }
    }

    private static void RequireDestination(OutputSpec spec)
    {
        var isFolder = spec.Type == "local" || (spec.Type != "tar" && ArchiveOrLayout(spec) == ClientOutput.Layout);
        if (string.IsNullOrEmpty(spec.Destination))
        {
            throw Invalid(
                $"The output '{spec}' has no destination",
                isFolder
                    ? $"Say where it goes, for example 'type={spec.Type},dest=folder'."
                    : $"Say where it goes, for example 'type={spec.Type},dest=out.tar', or dest=- for bytes on the pipeline.");
        }

        if (spec.Destination == Pipeline)
        {
            if (isFolder)
            {
                throw Invalid(
                    $"The output '{spec}' is a folder, which dest=- (the pipeline) cannot take",
                    "Name a folder, for example dest=folder, or use 'type=tar,dest=-' for one stream of bytes.");
            }

            return;
        }

        if (RequestCheck.HasImpossibleCharacter(spec.Destination, out var shown))
        {
            throw Invalid($"The destination '{shown}' is not a path: no name of a file holds such a character", "Take the character out of the destination.");
        }

        if (!Path.IsPathFullyQualified(spec.Destination))
        {
            throw Invalid($"The destination of the output '{spec}' is not an absolute path", "Give an absolute path.");
        }
    }

    private static void RefuseDestination(OutputSpec spec)
    {
        if (spec.Destination is not null)
        {
            throw Invalid(
                $"The output '{spec}' has a destination, but the engine keeps or pushes what the type '{spec.Type}' makes",
                "Leave the destination out, or use the type oci, docker, tar or local to get files.");
        }
    }

    private static void CheckImage(OutputSpec spec)
    {
        if (spec.Type is "docker" or "oci" && Flag(spec, "push"))
        {
            throw Invalid($"The output '{spec}' asks to push, which the type '{spec.Type}' does not do", "Use the type registry, or give -Push as well.");
        }

        if (spec.Type == "registry" && spec.Attributes.ContainsKey("push") && !Flag(spec, "push"))
        {
            throw Invalid($"The output '{spec}' asks not to push, which is all that the type registry does", "Use the type image, or leave push out.");
        }

        if (spec.Attributes.ContainsKey("context") && (spec.Type != "docker" || spec.Destination is not null))
        {
            throw Invalid(
                $"The output '{spec}' names a context to load into, and is not loaded",
                "Write 'type=docker,context=NAME' without a destination to load the image into that context's docker daemon, or leave context out.");
        }

        foreach (var name in NamesOf(spec))
        {
            if (name != "*")
            {
                _ = ImageReference.Parse(name);
            }
        }
    }

    private static void CheckNames(OutputSpec spec, BuildRequest request)
    {
        if (request.Tags.Count == 0 && NamesOf(spec).Length == 0)
        {
            throw new BuildxException(
                BuildxFailure.TagRequired,
                "The image is to be pushed, and has no name that says where to.",
                "Name it with -Tag, for example -Tag registry.local:5000/team/app:1.0.");
        }

        if (request.Tags.Count > 0 && Flag(spec, "push-by-digest"))
        {
            throw Invalid(
                $"The output '{spec}' is to be pushed by its digest alone, and -Tag gives the image tags",
                "Leave -Tag out and name the repository in the output (name=registry.local:5000/team/app).");
        }
    }

    /// <summary>The names that an output's own text gives the image.</summary>
    internal static string[] NamesOf(OutputSpec spec) => spec.Attributes.GetValueOrDefault("name", "").Split(',', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a switch is on; written without a value it is.</summary>
    private static bool Flag(OutputSpec spec, string name)
        => spec.Attributes.TryGetValue(name, out var text)
            && (text.Length == 0 || GoText.Boolean(text) == true);

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.OutputInvalid, problem + ".", advice);
}
