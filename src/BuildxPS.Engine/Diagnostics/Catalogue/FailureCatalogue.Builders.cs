namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <content>The list of builders, their options and their files.</content>
public static partial class FailureCatalogue
{
    private static FailureEntry[] Builders() =>
    [
        new(BuildxFailure.BuilderNotFound, FailureCategory.ObjectNotFound,
            "No builder has that name",
            "Builders are those of docker buildx's list, and one for each docker context. The message lists them.")
        { Advice = "List the builders with Get-BuildxBuilder, or make one with New-BuildxBuilder." },
        new(BuildxFailure.BuilderExists, FailureCategory.ResourceExists,
            "A builder of that name is there already, or a docker context",
            "Found in the list before anything is changed.")
        { Advice = "Choose another name, change the builder with Set-BuildxBuilder, or give it a node with Add-BuildxNode." },
        new(BuildxFailure.AliasExists, FailureCategory.ResourceExists,
            "An alias of docker's command line stands for something else already",
            "Found in docker's config.json before it is changed.")
        { Advice = "If nobody needs it any more, replace it with -Force." },
        new(BuildxFailure.NodeExists, FailureCategory.ResourceExists,
            "A builder has a node of that name, or at that endpoint, already",
            "Found in the list before anything is changed.")
        { Advice = "Choose another name for the node, or change the one that is there with Set-BuildxBuilder -Node." },
        new(BuildxFailure.NodeNotFound, FailureCategory.ObjectNotFound,
            "A builder has no node of that name",
            "Found in the list; the message names the nodes.")
        { Advice = "See the nodes with Get-BuildxBuilder." },
        new(BuildxFailure.LastNode, FailureCategory.InvalidOperation,
            "A builder's only node cannot be taken out of it",
            "A builder has at least one node.")
        { Advice = "Remove the builder with Remove-BuildxBuilder." },
        new(BuildxFailure.DriverMismatch, FailureCategory.InvalidOperation,
            "All nodes of a builder have one driver",
            "A node with another one was to be added.")
        { Advice = "Make a builder of its own for it with New-BuildxBuilder." },
        new(BuildxFailure.DriverNotFound, FailureCategory.ObjectNotFound,
            "No driver has that name",
            "The drivers are docker-container, remote and kubernetes; docker is that of contexts.")
        { Advice = "Name one of them with -Driver." },
        new(BuildxFailure.DriverOptionInvalid, FailureCategory.InvalidArgument,
            "A driver option is not known, or its value is not valid",
            "Checked before anything is changed; the message names the option.")
        { Advice = "Correct the option; tab completion of -DriverOption lists them." },
        new(BuildxFailure.BuildKitFlagInvalid, FailureCategory.InvalidArgument,
            "A flag for buildkitd is not written as it must be",
            "Checked before anything is changed.")
        { Advice = "Write flags as buildkitd takes them: -BuildKitdFlag '--debug', '--allow-insecure-entitlement network.host'." },
        new(BuildxFailure.BuilderNameInvalid, FailureCategory.InvalidArgument,
            "A name cannot be that of a builder or a node",
            "It begins with a letter, and has letters, digits, dots, dashes and underscores.")
        { Advice = "Choose another name." },
        new(BuildxFailure.BuilderIsContext, FailureCategory.InvalidOperation,
            "A builder stands for a docker context",
            "It is changed with docker's own commands only.")
        { Advice = "Make a builder of your own with New-BuildxBuilder." },
        new(BuildxFailure.BuilderNotRemoved, FailureCategory.InvalidResult,
            "A builder is off the list, but what it left on its engine is there still",
            "Its engine could not be reached.")
        { Advice = "Remove what is left with docker's or the cluster's own commands, as the message names it." },
        new(BuildxFailure.ConfigFileInvalid, FailureCategory.InvalidData,
            "A builder's config file cannot be used",
            "It is not there, is no TOML (the message gives line and column), has a value of a wrong type, or names files that are not there.")
        { Advice = "Correct it and try again; nothing was changed. The keys are described in BuildKit's documentation of buildkitd.toml." },
        new(BuildxFailure.StoreInvalid, FailureCategory.InvalidData,
            "A file of the list of builders cannot be used",
            "It cannot be read or written, or is damaged. The message names it.")
        { Advice = "Correct or remove the file that the message names." },
        new(BuildxFailure.ContextNotFound, FailureCategory.ObjectNotFound,
            "No docker context has that name",
            "Contexts are those of docker's configuration.")
        { Advice = "List them with Get-BuildxContext." },
        new(BuildxFailure.SelectionConflict, FailureCategory.InvalidArgument,
            "Two ways to choose an engine contradict each other",
            "For example -Context and -DockerHost at once.")
        { Advice = "Give only one of them." },
        new(BuildxFailure.ConfigurationInvalid, FailureCategory.InvalidData,
            "A docker configuration file, or a variable, is not valid",
            "It cannot be read, is no JSON, or a value in it makes no sense. The message names it.")
        { Advice = "Correct what the message names." },
    ];
}
