using System.Globalization;
using BuildxPS.Engine.Configuration;
using Docker.DotNet.Models;

namespace BuildxPS.Engine.Drivers;

/// <summary>The options of the docker-container driver, read as buildx reads them.</summary>
internal sealed record ContainerOptions
{
    /// <summary>The image that buildx takes where none is given.</summary>
    public const string DefaultImage = "moby/buildkit:buildx-stable-1";

    private const string Known =
        "image, network, memory, memory-swap, cpu-period, cpu-quota, cpu-shares, cpuset-cpus, cpuset-mems, cgroup-parent, "
        + "restart-policy, env.NAME, default-load, provenance-add-gha and allow-untrusted-image";

    /// <summary>The image as it was given.</summary>
    public string Image { get; init; } = DefaultImage;

    /// <summary>The network; null for docker's own.</summary>
    public string? Network { get; init; }

    /// <summary>Bytes of memory; zero for no limit.</summary>
    public long Memory { get; init; }

    /// <summary>Bytes of memory and swap; zero for docker's own, -1 for no limit.</summary>
    public long MemorySwap { get; init; }

    /// <summary>Length of a period of the processor's quota, in microseconds; zero for docker's own.</summary>
    public long CpuPeriod { get; init; }

    /// <summary>The processor's quota in a period, in microseconds; zero for none.</summary>
    public long CpuQuota { get; init; }

    /// <summary>Weight among other containers; zero for docker's own.</summary>
    public long CpuShares { get; init; }

    /// <summary>Processors that it may use; empty for all.</summary>
    public string CpusetCpus { get; init; } = "";

    /// <summary>Memory nodes that it may use; empty for all.</summary>
    public string CpusetMems { get; init; } = "";

    /// <summary>The parent of its control group.</summary>
    public string CgroupParent { get; init; } = "/docker/buildx";

    /// <summary>When docker starts it again.</summary>
    public RestartPolicy RestartPolicy { get; init; } = new() { Name = RestartPolicyKind.UnlessStopped };

    /// <summary>Environment variables, as NAME=VALUE.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Whether builds without an output go into docker's images.</summary>
    public bool LoadsByDefault { get; init; }

    /// <summary>Whether a GitHub Actions run is described to the builder, for its builds' provenance.</summary>
    public bool DescribesGitHubRun { get; init; } = true;

    /// <summary>Whether the image is taken without a look at its signature.</summary>
    public bool AllowsUntrustedImage { get; init; }

    /// <summary>Reads the options.</summary>
    /// <param name="options">Names and values.</param>
    /// <returns>The options.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DriverOptionInvalid"/>, naming the option.</exception>
    public static ContainerOptions Parse(IReadOnlyDictionary<string, string> options)
    {
        var result = new ContainerOptions();
        var environment = new List<string>();
        foreach (var (name, value) in options.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith("env.", StringComparison.Ordinal))
            {
                environment.Add(name.Length > 4 ? $"{name[4..]}={value}" : throw Invalid(name, value, "a name must follow env., as in env.HTTP_PROXY=http://proxy:3128"));
                continue;
            }

            result = result.With(name, value);
        }

        return result with { Environment = environment };
    }

    private ContainerOptions With(string name, string value) => name switch
    {
        "image" => this with { Image = ImageReference.TryParse(value, out _, out var problem) ? value : throw Invalid(name, value, problem) },
        "network" => this with { Network = value },
        "memory" => this with { Memory = ByteCount.Parse(value) ?? throw InvalidBytes(name, value) },
        "memory-swap" => this with { MemorySwap = value == "-1" ? -1 : ByteCount.Parse(value) ?? throw InvalidBytes(name, value) },
        "cpu-period" => this with { CpuPeriod = Number(name, value) },
        "cpu-quota" => this with { CpuQuota = Number(name, value) },
        "cpu-shares" => this with { CpuShares = Number(name, value) },
        "cpuset-cpus" => this with { CpusetCpus = value },
        "cpuset-mems" => this with { CpusetMems = value },
        "cgroup-parent" => this with { CgroupParent = value },
        "restart-policy" => this with { RestartPolicy = Restart(name, value) },
        "default-load" => this with { LoadsByDefault = Boolean(name, value) },
        "provenance-add-gha" => this with { DescribesGitHubRun = Boolean(name, value) },
        "allow-untrusted-image" => this with { AllowsUntrustedImage = Boolean(name, value) },
        _ => throw Invalid(name, value, "the driver docker-container has no such option"),
    };

    private static long Number(string name, string value)
        => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Invalid(name, value, "it is not a whole number");

    private static bool Boolean(string name, string value) => GoText.Boolean(value) ?? throw Invalid(name, value, "it is neither true nor false");

    private static RestartPolicy Restart(string name, string value)
    {
        var parts = value.Split(':');
        var kind = parts[0] switch
        {
            "no" => RestartPolicyKind.No,
            "always" => RestartPolicyKind.Always,
            "on-failure" => RestartPolicyKind.OnFailure,
            "unless-stopped" => RestartPolicyKind.UnlessStopped,
            _ => throw Invalid(name, value, "it is none of no, always, unless-stopped and on-failure[:COUNT]"),
        };
        if (parts.Length == 1)
        {
            return new RestartPolicy { Name = kind };
        }

        return kind == RestartPolicyKind.OnFailure && parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? new RestartPolicy { Name = kind, MaximumRetryCount = count }
            : throw Invalid(name, value, "only on-failure takes a count, a whole number behind the colon");
    }

    private static BuildxException InvalidBytes(string name, string value)
        => Invalid(name, value, "it is not a size such as 512m or 2g");

    private static BuildxException Invalid(string name, string value, string reason) => new(
        BuildxFailure.DriverOptionInvalid,
        $"The driver option {DisplayText.Line(name)}={DisplayText.Line(value)} is not valid: {reason}.",
        $"The options of the driver docker-container are {Known}.");
}
