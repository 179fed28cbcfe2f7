namespace BuildxPS.Engine.Drivers;

/// <summary>A driver whose engine runs on the machine of a docker daemon, as part of it or in a container.</summary>
internal interface IDockerMachine
{
    /// <summary>The daemon, which the driver disposes; null where the engine turns out to have none.</summary>
    DockerDaemon? MachineDaemon { get; }
}
