namespace BuildxPS.Engine.Drivers;

/// <summary>A driver whose engine is part of a docker daemon.</summary>
internal interface IDockerHost
{
    /// <summary>The daemon; the driver disposes it.</summary>
    DockerDaemon Daemon { get; }
}
