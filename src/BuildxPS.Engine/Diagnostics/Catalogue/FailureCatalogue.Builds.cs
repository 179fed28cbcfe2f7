namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <content>What goes wrong while an engine builds.</content>
public static partial class FailureCatalogue
{
    /// <summary>A program for another processor was run, and the kernel knows no interpreter for it.</summary>
    internal static FailureCase EmulatorMissing { get; } = new()
    {
        Summary = "The engine cannot run programs for PLATFORM: no emulator is registered for them",
        Advice = "Register QEMU's emulator where the engine runs: Register-BuildxEmulator -Platform ARCH as root on that machine, or with -Builder NAME through the docker daemon there. Or build for a platform that the engine runs by itself with -Platform, or run the step in a stage that is FROM --platform=$BUILDPLATFORM.",
    };

    /// <summary>A program for another processor was run, and the interpreter that the kernel knows is not in the container.</summary>
    internal static FailureCase EmulatorUnusable { get; } = new()
    {
        Summary = "The engine's emulator for PLATFORM cannot be used in containers: it is registered without the flag F, so that it is looked for in the container, where it is not, or is not static",
        Advice = "Register it again, with the flag F, where the engine runs: Register-BuildxEmulator -Platform ARCH -Force as root on that machine, or with -Builder NAME through the docker daemon there.",
    };

    /// <summary>A step's own program found the disk full.</summary>
    internal static FailureCase DiskFullInStep { get; } = new()
    {
        Summary = "A step found no space left on the engine's disk",
        BuilderAdvice = MakeRoom(FailureCase.Builder) + MakeAgain + Shm,
        DaemonAdvice = MakeRoom("") + Shm,
        RemoteAdvice = MakeRoom(FailureCase.Builder) + Shm,
    };

    /// <summary>A step's own program did not find a host by its name.</summary>
    internal static FailureCase HostNotFoundInStep { get; } = new()
    {
        Summary = "A step did not find a host by its name",
        Advice = "It did not find a host by its name: steps do not see this machine's hosts file. Name the host with -AddHost NAME=ADDRESS; -Network host (with -Allow network.host) gives steps the network of the engine.",
    };

    /// <summary>A cache that a build went on without.</summary>
    internal static FailureCase CacheNotUsed { get; } = new()
    {
        Summary = "The cache 'CACHE' was not used",
        Advice = "The first build with a cache has none to read yet: -CacheTo writes it. Else check its name, and that the engine may read it.",
    };

    // A full disk can keep an engine from noting that something was removed.
    private const string MakeAgain = " Where the engine has not even room for that, make the builder again, without its cache: Remove-BuildxBuilder BUILDER, then New-BuildxBuilder BUILDER with the same options.";

    private const string Shm = " A tmpfs of the step has a limit of its own (-ShmSize for /dev/shm).";

    private static string MakeRoom(string builder)
        => $"See what the build cache takes with {$"Get-BuildxDiskUsage {builder}".TrimEnd()} and remove what is not needed with {$"Clear-BuildxCache {builder}".TrimEnd()} (-All for all that is not in use, -MaxUsedSpace 20GB keeps some), or free space on that disk otherwise; then build again.";

    private static FailureEntry[] Builds() =>
    [
        new(BuildxFailure.PlatformNotAvailable, FailureCategory.ObjectNotFound,
            "An image is not available for a platform",
            "Known by what the engine says of the base image; the message lists the platforms that it has where this client can look.")
        {
            Cases =
            [
                new()
                {
                    Summary = "An image is not available for the platform",
                    Advice = "Choose a platform that the image has with -Platform, or a base image that has the platform.",
                    Texts = ["no match for platform in manifest", "does not match the specified platform", "no matching manifest for"],
                },
            ],
        },
        new(BuildxFailure.EntitlementRefused, FailureCategory.PermissionDenied,
            "A build needs an entitlement that was not granted",
            "A step asks for the host's network, a device or security.insecure. The build has to be allowed it, and the engine has to allow it at all. Known by what the engine says.")
        {
            Cases =
            [
                new()
                {
                    // What this client granted and the engine does not allow stands before what was not granted.
                    Summary = "The engine is not configured to allow an entitlement",
                    Texts = ["granting entitlement *is not allowed"],
                    BuilderAdvice = "Let the builder's engine allow it: Set-BuildxBuilder BUILDER -BuildKitdFlag '--allow-insecure-entitlement network.host', '--allow-insecure-entitlement security.insecure' (or device); or leave it out of -Allow.",
                    DaemonAdvice = "Allow it in the daemon's daemon.json, under builder.entitlements, and restart it; or build on a builder of your own (New-BuildxBuilder -BuildKitdFlag '--allow-insecure-entitlement security.insecure').",
                    RemoteAdvice = "Name it in insecure-entitlements of that engine's buildkitd.toml, and restart it; or leave it out of -Allow.",
                },
                new()
                {
                    Summary = "The build needs an entitlement that was not granted",
                    Advice = "A step asks for the host's network, a device or security.insecure: grant it with -Allow network.host (or security.insecure, device), or leave it out of the Dockerfile.",
                    Texts = ["network.host is not allowed", "security.insecure is not allowed", "device is not allowed"],
                },
            ],
        },
        new(BuildxFailure.EngineUnsupported, FailureCategory.NotImplemented,
            "The engine, or the Dockerfile's frontend, lacks something that the build needs",
            "Found before the build where engines say what they can, else by the details of the engine's error. Several platforms in one docker image (\"does not support exporting manifest lists\") are never asked of an engine: -Load does that itself.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The engine cannot do what the build asks for",
                    Advice = "Choose another output type with -Output, or build with a newer engine: a docker daemon with the classic image store takes only docker, local and tar outputs.",
                    Texts =
                    [
                        "exporter \"*could not be found", "unknown cache exporter", "does not currently support exporting manifest lists",
                        "exporting multiple references to image store is currently unsupported", "unable to export multiple", "failed to find frontend",
                    ],
                },
                new()
                {
                    Summary = "The Dockerfile's frontend cannot do what is asked of it",
                    Advice = "Name a newer frontend in the Dockerfile's first line (# syntax=docker/dockerfile:1), or use a newer engine.",
                    Texts = ["unsupported frontend capability", "unsupported request "],
                },
            ],
        },
        new(BuildxFailure.TargetNotFound, FailureCategory.ObjectNotFound,
            "A target stage is not in the Dockerfile",
            "Known by what the frontend says.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The target stage is not in the Dockerfile",
                    Advice = "Give -Target the name that stands after AS in one of the Dockerfile's FROM lines, or leave it out to build the last stage.",
                    Texts = ["target stage *could not be found"],
                },
            ],
        },
        new(BuildxFailure.DockerfileNotFound, FailureCategory.ObjectNotFound,
            "There is no Dockerfile",
            "Found here before anything is contacted where the file is on this machine, else by what the engine says.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The engine did not find the Dockerfile",
                    Advice = "Give its path with -File, or check that it lies in the folder given with -Path.",
                    Texts =
                    [
                        "failed to read dockerfile: *no such file or directory", "failed to read dockerfile: *not found",
                        "the Dockerfile cannot be empty", "dockerfile: open *no such file or directory",
                    ],
                },
            ],
        },
        new(BuildxFailure.SourceFileNotFound, FailureCategory.ObjectNotFound,
            "A file that the Dockerfile copies does not exist",
            "Known by what the engine says; the message shows the line.")
        {
            Cases =
            [
                new()
                {
                    Summary = "A file that the Dockerfile copies does not exist",
                    Advice = "Check the path in COPY or ADD: it is relative to the folder given with -Path (or to the stage named by --from), and .dockerignore may leave it out.",
                    Texts =
                    [
                        "failed to compute cache key: *not found", "failed to calculate checksum of ref *not found",
                        "failed to compute cache key: *no such file or directory", "failed to walk *no such file or directory", "no source files were specified",
                    ],
                },
            ],
        },
        new(BuildxFailure.DiskFull, FailureCategory.LimitsExceeded,
            "A disk is full, on the engine or here",
            "Known by what the engine says, by what a failed step printed, and by the file system's error here. The message says which disk.")
        {
            Advice = MakeRoom(FailureCase.Builder),
            Cases =
            [
                new()
                {
                    Summary = "The engine's disk is full to the last byte: it cannot even note what it removes",
                    Texts = [".db: no space left on device", ".db: disk quota exceeded"],
                    BuilderAdvice = "Free space on that disk otherwise, or make the builder again, which loses its cache: Remove-BuildxBuilder BUILDER, then New-BuildxBuilder BUILDER with the same options.",
                    DaemonAdvice = "Free space where docker keeps its data ('docker info' names its root directory), with 'docker system prune' or by other means; then Clear-BuildxCache works again.",
                    RemoteAdvice = "Free space where that engine keeps its data (root in its buildkitd.toml, /var/lib/buildkit if it names none); then Clear-BuildxCache BUILDER works again.",
                },
                new()
                {
                    Summary = "The engine's disk is full",
                    Texts = ["no space left on device", "disk quota exceeded"],
                    BuilderAdvice = MakeRoom(FailureCase.Builder) + MakeAgain,
                    DaemonAdvice = MakeRoom(""),
                    RemoteAdvice = MakeRoom(FailureCase.Builder),
                },
                DiskFullInStep,
            ],
        },
        new(BuildxFailure.EngineLost, FailureCategory.ConnectionError,
            "An engine went away while it was working",
            "The connection, or the session through which the engine calls this client, broke. Known by the kind of exception, and by what the engine says of the session. The message names the engine.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The engine ended the connection while it was working",
                    Advice = "See whether the engine was stopped or restarted, read its log, and build again: what was finished comes from its cache.",
                    Texts = ["connection reset by peer", "no such job"],
                },
            ],
        },
        new(BuildxFailure.ImageNotFound, FailureCategory.ObjectNotFound,
            "An image was not found",
            "Known by the registry's status 404, or by what the engine says.")
        {
            Cases =
            [
                new()
                {
                    Summary = "An image was not found",
                    Advice = "Check the image's name and tag in FROM or COPY --from, and that the registry it names has it.",
                    Texts =
                    [
                        "failed to resolve source metadata for *not found", "failed to load metadata for *not found", "failed to do request *404",
                        "manifest unknown", "repository does not exist", "failed to copy: *404", "failed to resolve reference *not found",
                        "failed to create LLB definition: *: not found",
                    ],
                },
            ],
        },
        new(BuildxFailure.DockerfileInvalid, FailureCategory.InvalidData,
            "A Dockerfile is not valid",
            "It cannot be parsed, or asks for something that makes no sense. Known by the place that the frontend attaches, and by its words; the lines are shown.")
        {
            Cases =
            [
                new()
                {
                    Summary = "The Dockerfile is not valid",
                    Advice = "Correct the line that is shown.",
                    Texts =
                    [
                        "dockerfile parse error", "unknown instruction", "file with no instructions", "no build stage in current context",
                        "invalid reference format", "should not be blank", "failed to create LLB definition", "failed to parse", "failed to process",
                    ],
                },
            ],
        },
        new(BuildxFailure.EmulatorMissing, FailureCategory.NotInstalled,
            "A program for another processor was run, and no emulator is registered for it",
            "Known by what the step's runtime prints (exec format error). Whether a builder lists a platform tells beforehand, with a warning.")
        { Cases = [EmulatorMissing] },
        new(BuildxFailure.EmulatorUnusable, FailureCategory.NotInstalled,
            "An emulator is registered, and containers cannot use it",
            "Without the flag F the kernel looks for the emulator in the container of the step. Known by a step for another processor whose program is said not to exist; where the engine runs on this machine, the entry in /proc/sys/fs/binfmt_misc is looked at and named.")
        { Cases = [EmulatorUnusable] },
        .. Emulators(),
        new(BuildxFailure.StepFailed, FailureCategory.InvalidResult,
            "A step of the build ended with an error",
            "Known by the exit code that the engine attaches. What the step printed last and its line in the Dockerfile are shown.")
        {
            Advice = "Read the last lines that the step printed (LogTail of the exception) and correct the command.",
            Cases = [HostNotFoundInStep],
        },
        new(BuildxFailure.BuildCanceled, FailureCategory.OperationStopped,
            "The engine reports that the build was cancelled",
            "Somebody else cancelled it, or the engine is being stopped.")
        { Advice = "Somebody else cancelled it, or the engine is being stopped. Build again." },
        new(BuildxFailure.ImageLoadFailed, FailureCategory.InvalidResult,
            "A docker daemon did not take an image that was built elsewhere",
            "Known by the daemon's answer to the image that it is sent.")
        { Advice = "Read the daemon's words in the message, and see its log." },
        new(BuildxFailure.EngineError, FailureCategory.InvalidResult,
            "An engine answered with an error that is not in this list",
            "Its own words are kept.")
        { Advice = "Read the engine's words in the message; its log may say more." },
    ];
}
