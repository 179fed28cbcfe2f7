using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Builds;

/// <summary>What a build is put together from. Tests put other parts in.</summary>
internal sealed record BuildParts
{
    /// <summary>Finds the builder.</summary>
    public required Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> ResolveBuilder { get; init; }

    /// <summary>Opens a folder for the engine to read.</summary>
    public required Func<string, IFileSource> OpenSource { get; init; }

    /// <summary>Makes a place for an output's files; refuses a destination that cannot be written.</summary>
    public required Func<PlannedOutput, IExportOutput> CreateOutput { get; init; }

    /// <summary>Tells the time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The real parts.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Builders of the docker configuration, files of the disk.</returns>
    public static BuildParts Real(ClientEnvironment environment) => new()
    {
        ResolveBuilder = new BuilderCatalog(environment).ResolveAsync,
        OpenSource = root => new LocalFileSource(root),
        CreateOutput = Create,
    };

    private static IExportOutput Create(PlannedOutput output)
    {
        var destination = output.Spec.Destination!;
        if (output.Client == ClientOutput.Folder)
        {
            FolderOutput.CheckWritable(destination);
            return new FolderOutput(destination);
        }

        FileOutput.CheckWritable(destination);
        return new FileOutput(destination);
    }
}
