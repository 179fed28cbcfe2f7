using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Sending;

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

    /// <summary>Opens the docker daemon that images are loaded into; nothing is contacted.</summary>
    public required Func<BuilderSelection, DockerDaemon> OpenDocker { get; init; }

    /// <summary>Opens the logins for registries.</summary>
    public required Func<CredentialStore> OpenCredentials { get; init; }

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
        OpenDocker = selection => CurrentDocker(selection, environment),
        OpenCredentials = () => new CredentialStore(environment),
    };

    private static DockerDaemon CurrentDocker(BuilderSelection selection, ClientEnvironment environment)
    {
        // A builder's own daemon is not meant: images are loaded into the docker that the user works with.
        var context = new ContextCatalog(environment).Resolve(selection with { Name = null });
        return new DockerDaemon(context.Endpoint ?? throw context.Failure!);
    }

    private static IExportOutput Create(PlannedOutput output)
    {
        var destination = output.Spec.Destination!;
        if (output.Client == ClientOutput.Folder)
        {
            FolderOutput.CheckWritable(destination);
            return new FolderOutput(destination, LocalDelete.IsAsked(output.Spec));
        }

        FileOutput.CheckWritable(destination);
        return new FileOutput(destination);
    }
}
