using System.Buffers;
using System.Globalization;
using System.Text;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds;

/// <summary>What can be wrong with a request on its face: nothing is looked at or contacted.</summary>
internal static class RequestCheck
{
    /// <summary>Engines take messages of 16 MiB, which hold more than these.</summary>
    private const int MaxPairBytes = 8 * 1024 * 1024;

    private const string DefaultPlatform = "DOCKER_DEFAULT_PLATFORM";

    /// <summary>Checks a request and fills in what the environment sets.</summary>
    /// <param name="request">The request.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The request to work with: each platform once, <c>DOCKER_DEFAULT_PLATFORM</c> where none was given.</returns>
    /// <exception cref="BuildxException">Naming the part that is wrong.</exception>
    public static BuildRequest Normalize(BuildRequest request, ClientEnvironment environment)
    {
        ContextCheck.Check(request);
        if (request.ImageIdFile is { } id)
        {
            RequireAbsolute(id, "The file for the image id");
        }

        if (request.MetadataFile is { } metadata)
        {
            RequireAbsolute(metadata, "The metadata file");
        }

        CheckNames(request.BuildArguments, "build argument");
        CheckNames(request.Labels, "label");
        CheckSize([.. request.BuildArguments.Select(p => (p, "build argument")), .. request.Labels.Select(p => (p, "label"))]);
        CheckTags(request.Tags);
        CheckMounts(request);
        CheckClientArguments(request);
        CheckSteps(request);
        Entitlements.Check(request);
        return ContextCheck.WithImplied(request) with { Platforms = Platforms(request, environment) };
    }

    /// <summary>Whether a path holds what no file's name can: a zero character, or half of one that UTF-16 writes as two.</summary>
    /// <param name="path">The path.</param>
    /// <param name="shown">The path with these written out.</param>
    /// <returns>Whether it does.</returns>
    internal static bool HasImpossibleCharacter(string path, out string shown)
    {
        var text = new StringBuilder();
        for (var rest = path.AsSpan(); !rest.IsEmpty;)
        {
            var isCharacter = Rune.DecodeFromUtf16(rest, out var rune, out var length) == OperationStatus.Done;
            _ = rune.Value == 0 ? text.Append(@"\0")
                : isCharacter ? text.Append(rest[..length])
                : text.Append(CultureInfo.InvariantCulture, $@"\u{(int)rest[0]:x4}");
            rest = rest[length..];
        }

        shown = text.ToString();
        return shown.Length != path.Length;
    }

    /// <summary>Refuses what is no absolute path.</summary>
    /// <param name="path">The path.</param>
    /// <param name="what">What it is, as the subject of a sentence.</param>
    internal static void RequireAbsolute(string path, string what)
    {
        if (HasImpossibleCharacter(path ?? "", out var shown))
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"{what} '{shown}' is not a path: no name of a file holds such a character.",
                "Take the character out of the path.");
        }

        if (string.IsNullOrEmpty(path) || !Path.IsPathFullyQualified(path))
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"{what} '{path}' is not an absolute path.",
                "Give an absolute path.");
        }
    }

    private static void CheckNames(IReadOnlyDictionary<string, string> pairs, string what)
    {
        foreach (var (name, value) in pairs)
        {
            if (string.IsNullOrEmpty(name) || name.Contains('=', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal) || value is null)
            {
                throw new BuildxException(
                    BuildxFailure.ArgumentInvalid,
                    $"The {what} '{name}={value}' is not written as NAME=VALUE: its name is {(string.IsNullOrEmpty(name) ? "empty" : "not valid")}.",
                    $"Write each {what} as NAME=VALUE with a name that is not empty.");
            }
        }
    }

    private static void CheckSize(IReadOnlyList<(KeyValuePair<string, string> Pair, string What)> pairs)
    {
        if (pairs.Sum(p => Size(p.Pair)) <= MaxPairBytes)
        {
            return;
        }

        var (largest, what) = pairs.MaxBy(p => Size(p.Pair));
        throw new BuildxException(
            BuildxFailure.ArgumentInvalid,
            FormattableString.Invariant($"Build arguments and labels are too large together: at most {MaxPairBytes >> 20} MiB can be sent. The largest is the {what} '{Shorten(largest.Key)}' with {Size(largest)} bytes."),
            "Bring large values into the build as files of the build context.");

        static long Size(KeyValuePair<string, string> pair) => Encoding.UTF8.GetByteCount(pair.Key) + (long)Encoding.UTF8.GetByteCount(pair.Value);
        static string Shorten(string name) => name.Length <= 100 ? name : name[..100] + "…";
    }

    private static void CheckTags(IReadOnlyList<ImageReference> tags)
    {
        foreach (var tag in tags)
        {
            if (tag.Digest is not null)
            {
                throw new BuildxException(
                    BuildxFailure.TagInvalid,
                    $"The tag '{tag}' holds a digest, which only the finished image has.",
                    "Name the image as repository:tag, without '@sha256:…'.");
            }
        }
    }

    private static void CheckMounts(BuildRequest request)
    {
        foreach (var secret in request.Secrets)
        {
            var name = DisplayText.Line(secret.Id);
            if (name.Length == 0 || new object?[] { secret.Source, secret.Environment, secret.Value }.Count(s => s is not null) != 1)
            {
                throw new BuildxException(
                    BuildxFailure.SecretInvalid,
                    $"The secret '{name}' has no id, or comes from none or several places.",
                    "Give a secret an id, and a file, an environment variable or a value.");
            }

            if (secret.Source is { } file)
            {
                RequireAbsolute(file, $"The file of the secret '{name}'");
            }
        }

        foreach (var path in request.Ssh.SelectMany(s => s.Paths))
        {
            RequireAbsolute(path, "The socket or key of an SSH agent");
        }
    }

    /// <summary>Build arguments that are meant for the client and not for the Dockerfile.</summary>
    private static void CheckClientArguments(BuildRequest request)
    {
        if (request.BuildArguments.TryGetValue("BUILDKIT_SYNTAX", out var syntax) && string.IsNullOrWhiteSpace(syntax))
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                "The build argument BUILDKIT_SYNTAX is empty; it must name a frontend image.",
                "Name an image, for example BUILDKIT_SYNTAX=docker/dockerfile:1, or leave it out.");
        }
    }

    /// <summary>How steps are to be run.</summary>
    private static void CheckSteps(BuildRequest request)
    {
        if (request.NoCache && request.NoCacheFilter.Count > 0)
        {
            throw Invalid("-NoCache runs all steps, and -NoCacheFilter those of some stages", "Give one of the two.");
        }

        if (request.NoCacheFilter.FirstOrDefault(s => string.IsNullOrWhiteSpace(s) || s.Contains(',', StringComparison.Ordinal)) is { } stage)
        {
            throw Invalid($"'{stage}' of -NoCacheFilter is not a stage's name", "Name stages of the Dockerfile, each by itself.");
        }

        if (request.Network is not (null or "" or "default" or "none" or "host"))
        {
            throw Invalid(
                $"The network '{request.Network}' is none that steps can have: there are default, none and host",
                "For a network of docker's, make a builder in it: New-BuildxBuilder -DriverOption @{ network = 'NAME' }.");
        }

        if (request.SharedMemorySize is < 0)
        {
            throw Invalid("The size of shared memory is negative", "Give a size in bytes, or as 64m or 1g.");
        }

        if (request.CgroupParent is { } group && (string.IsNullOrWhiteSpace(group) || group.Any(char.IsControl)))
        {
            throw Invalid("The name of the parent control group is empty, or no text", "Name a control group of the engine's machine.");
        }

        if (new[] { request.Resources.CpuSetCpus, request.Resources.CpuSetMems }.FirstOrDefault(s => s is not null && !s.All(c => char.IsAsciiDigit(c) || c is ',' or '-')) is { } set)
        {
            throw Invalid($"'{set}' is not a list of processors or memory nodes", "Write it like 0-3,5.");
        }
    }

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);

    private static IReadOnlyList<Platform> Platforms(BuildRequest request, ClientEnvironment environment)
    {
        if (request.Platforms.Count > 0 || environment[DefaultPlatform] is not { } text || string.IsNullOrWhiteSpace(text))
        {
            return [.. request.Platforms.Distinct()];
        }

        try
        {
            return [.. text.Split(',').Select(Platform.Parse).Distinct()];
        }
        catch (BuildxException e)
        {
            throw new BuildxException(e.Failure, $"The environment variable {DefaultPlatform} is wrong: {e.Message}", e.Advice, e);
        }
    }
}
