namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>A stand-in of a cluster in a process of its own, for tests in PowerShell.</summary>
internal static class StandInProcess
{
    public const string Verb = "stand-in-cluster";

    /// <summary>
    /// Runs one until its input ends. A folder gets a kubeconfig, and the files that a pod of the cluster finds its login in;
    /// at the end it says what a real API server would not have taken.
    /// </summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var folder = arguments[0];
        await using var cluster = await StandInCluster.StartAsync();
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Join(folder, "config"), cluster.Config());
        await File.WriteAllTextAsync(Path.Join(folder, "ca.crt"), cluster.Authority);
        await File.WriteAllTextAsync(Path.Join(folder, "token"), cluster.Token);
        await File.WriteAllTextAsync(Path.Join(folder, "namespace"), "builds");
        Console.Out.WriteLine(cluster.Address);
        await Console.Out.FlushAsync();
        _ = await Console.In.ReadLineAsync();
        foreach (var mistake in cluster.Mistakes)
        {
            Console.Out.WriteLine(mistake);
        }

        return 0;
    }
}
