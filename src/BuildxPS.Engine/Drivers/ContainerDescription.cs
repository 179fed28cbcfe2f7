using Docker.DotNet.Models;

namespace BuildxPS.Engine.Drivers;

/// <summary>What a builder's container is made of: as buildx makes it, field by field.</summary>
internal static class ContainerDescription
{
    /// <summary>Describes the container.</summary>
    /// <param name="node">The node.</param>
    /// <param name="info">What the daemon says about its machine.</param>
    /// <param name="gpus">What <see cref="GpuProbe"/> found.</param>
    /// <returns>What the daemon's API takes.</returns>
    public static CreateContainerParameters Create(ContainerNode node, SystemInfoResponse info, IList<DeviceRequest> gpus)
    {
        var options = node.Options;
        var host = new HostConfig
        {
            Privileged = true,
            Init = true,
            RestartPolicy = options.RestartPolicy,
            NetworkMode = options.Network ?? "",
            Memory = options.Memory,
            MemorySwap = options.MemorySwap,
            CPUPeriod = options.CpuPeriod,
            CPUQuota = options.CpuQuota,
            CPUShares = options.CpuShares,
            CpusetCpus = options.CpusetCpus,
            CpusetMems = options.CpusetMems,
            DeviceRequests = gpus,
            Mounts = [new Mount { Type = "volume", Source = node.Volume, Target = "/var/lib/buildkit" }],
        };
        if (node.MountsWslLibraries)
        {
            host.Mounts.Add(new Mount { Type = "bind", Source = "/usr/lib/wsl", Target = "/usr/lib/wsl", ReadOnly = true });
        }

        // One group for all builders, so that limits can be set on all build work of a machine. systemd wants other names.
        if (info.CgroupDriver == "cgroupfs")
        {
            host.CgroupParent = options.CgroupParent;
        }

        if (info.SecurityOptions?.Any(o => o.Split(',').Contains("name=userns")) ?? false)
        {
            host.UsernsMode = "host";
        }

        return new CreateContainerParameters
        {
            Name = node.Container,
            Image = options.Image,
            Env = [.. options.Environment],
            Cmd = node.Files.ContainsKey("buildkitd.toml") ? ["--config", "/etc/buildkit/buildkitd.toml", .. node.Flags] : [.. node.Flags],
            HostConfig = host,
        };
    }
}
