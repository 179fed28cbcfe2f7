using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers;

/// <summary>A command that runs in a container.</summary>
/// <param name="Id">The daemon's id of it.</param>
/// <param name="Stream">Its input and output.</param>
internal sealed record ContainerExec(string Id, ExecStream Stream);

/// <summary>What a command in a container did.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">The last that it wrote to its standard output.</param>
/// <param name="Error">The last that it wrote to its standard error.</param>
internal sealed record ContainerExecResult(int ExitCode, string Output, string Error);
