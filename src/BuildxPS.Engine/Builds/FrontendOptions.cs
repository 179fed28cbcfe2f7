using System.Globalization;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>How steps are to be run, in the words of BuildKit's Dockerfile frontend.</summary>
internal static class FrontendOptions
{
    private const string GatewayLabel = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";

    /// <summary>Adds what a request says about its steps.</summary>
    /// <param name="attributes">The frontend's attributes.</param>
    /// <param name="request">The request, checked.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <param name="features">What its driver can do.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>: an engine that ignored it would build something else in silence.</exception>
    public static void Add(Dictionary<string, string> attributes, BuildRequest request, EngineDescription engine, DriverFeatures features)
    {
        if (request.NoCache)
        {
            // No list of stages means all of them.
            attributes["no-cache"] = "";
        }
        else if (request.NoCacheFilter.Count > 0)
        {
            attributes["no-cache"] = string.Join(',', request.NoCacheFilter);
        }

        if (request.Network is "host" or "none")
        {
            attributes["force-network-mode"] = request.Network;
        }

        if (request.Hosts.Count > 0)
        {
            attributes["add-hosts"] = string.Join(',', request.Hosts.SelectMany(h => h.Addresses.Select(a => $"{h.Name}={Address(a, engine, features)}")));
        }

        if (request.CgroupParent is { } group)
        {
            Require(engine, "exec.meta.cgroup.parent", "a parent control group (-CgroupParent)", "0.10");
            attributes["cgroup-parent"] = group;
        }

        if (request.SharedMemorySize is > 0 and var size)
        {
            Require(engine, "exec.mount.tmpfs.size", "a size of shared memory (-ShmSize)", "0.10");
            attributes["shm-size"] = size.ToString(CultureInfo.InvariantCulture);
        }

        if (request.Ulimits.Count > 0)
        {
            Require(engine, "exec.meta.ulimit", "limits of processes (-Ulimit)", "0.10");
            attributes["ulimit"] = string.Join(',', request.Ulimits.GroupBy(u => u.Name).Select(g => g.Last()).OrderBy(u => u.Name, StringComparer.Ordinal));
        }

        AddResources(attributes, request.Resources, engine);
    }

    private static void AddResources(Dictionary<string, string> attributes, ResourceLimits resources, EngineDescription engine)
    {
        if (resources == new ResourceLimits())
        {
            return;
        }

        Require(engine, "exec.meta.linux.resources", "limits of what steps use (-Resource)", "0.32");
        AddPositive("memory", resources.Memory);
        if (resources.MemorySwap is { } swap and not 0)
        {
            attributes["memswap"] = swap.ToString(CultureInfo.InvariantCulture);
        }

        AddPositive("cpushares", resources.CpuShares);
        AddPositive("cpuperiod", resources.CpuPeriod);
        AddPositive("cpuquota", resources.CpuQuota);
        AddText("cpusetcpus", resources.CpuSetCpus);
        AddText("cpusetmems", resources.CpuSetMems);

        void AddPositive(string key, long? value)
        {
            if (value is > 0 and var number)
            {
                attributes[key] = number.ToString(CultureInfo.InvariantCulture);
            }
        }

        void AddText(string key, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                attributes[key] = value;
            }
        }
    }

    private static string Address(string address, EngineDescription engine, DriverFeatures features)
        => address != HostSpec.Gateway ? address
            : !features.IsDockerDaemon ? throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The address '{HostSpec.Gateway}' of a host is known to docker daemons only, and this builder's engine is not one's own.",
                "Give the IP address, or build on the docker daemon (-Builder default).")
            : engine.Workers.Select(w => w.Labels.GetValueOrDefault(GatewayLabel)).FirstOrDefault(ip => !string.IsNullOrEmpty(ip)) ?? throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The docker daemon does not say which address '{HostSpec.Gateway}' stands for.",
                "Give the IP address, or use Docker 24.0.5 or newer.");

    private static void Require(EngineDescription engine, string capability, string what, string since)
    {
        if (!engine.Capabilities.Contains(capability))
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The engine{(engine.Version is null ? "" : $" (BuildKit {engine.Version})")} does not know {what}.",
                $"Leave it out, or use an engine with BuildKit {since} or newer.");
        }
    }
}
