using Docker.DotNet.Models;

namespace BuildxPS.Engine.Drivers;

/// <summary>Finds out whether a daemon can give its GPUs to a container. No call of its API says it, so one is tried, as buildx does.</summary>
internal static class GpuProbe
{
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromSeconds(5);

    /// <summary>What a builder's container asks for to get the GPUs.</summary>
    /// <param name="daemon">The daemon, which has the builder's image.</param>
    /// <param name="node">The node that the container will be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>All GPUs; empty where the daemon has none to give.</returns>
    public static async Task<IList<DeviceRequest>> FindAsync(DockerDaemon daemon, ContainerNode node, CancellationToken cancellationToken)
    {
        List<DeviceRequest> all = [new() { Count = -1, Capabilities = [["gpu"]] }];
        var name = node.Container + "-gpu";
        var isMade = false;
        try
        {
            // A process that was ended in the middle left one of this name.
            await daemon.RemoveContainerAsync(name, cancellationToken).ConfigureAwait(false);
            isMade = await daemon.CreateContainerAsync(
                new CreateContainerParameters
                {
                    Name = name,
                    Image = node.Options.Image,
                    Entrypoint = ["/bin/true"],
                    HostConfig = new HostConfig { NetworkMode = "none", AutoRemove = true, DeviceRequests = all },
                },
                CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            await daemon.StartContainerAsync(name, cancellationToken).ConfigureAwait(false);
            return all;
        }
        catch (BuildxException)
        {
            return [];
        }
        finally
        {
            if (isMade)
            {
                await RemoveAsync(daemon, name).ConfigureAwait(false);
            }
        }
    }

    // The daemon removes what ended or could not be started by itself, and may be at it.
    private static async Task RemoveAsync(DockerDaemon daemon, string name)
    {
        using var limit = new CancellationTokenSource(s_cleanUp);
        await ((Task)daemon.RemoveContainerAsync(name, limit.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
