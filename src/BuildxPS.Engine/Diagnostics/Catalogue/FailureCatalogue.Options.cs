namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <content>What is refused because of how it is written, before anything is contacted or changed.</content>
public static partial class FailureCatalogue
{
    private const string Written = "Found before anything is contacted or changed; the message names the part and shows a right one.";

    private static FailureEntry[] Options() =>
    [
        new(BuildxFailure.PlatformInvalid, FailureCategory.InvalidArgument, "A platform is not one", Written)
        { Advice = "Write it as os/arch[/variant], like linux/amd64 or linux/arm/v7." },
        new(BuildxFailure.TagInvalid, FailureCategory.InvalidArgument, "A tag is not a valid image reference", Written)
        { Advice = "Write it as [HOST[:PORT]/]NAME[:TAG], in lower case." },
        new(BuildxFailure.TagRequired, FailureCategory.InvalidArgument, "An image is to be pushed, and has no name that says where to", Written)
        { Advice = "Give it a name with -Tag, or with name= in the output." },
        new(BuildxFailure.OutputInvalid, FailureCategory.InvalidArgument, "An output is not written as it must be, or its parts contradict each other", Written)
        { Advice = "Write it as 'type=TYPE,KEY=VALUE', as a hashtable, or as a folder's path." },
        new(BuildxFailure.CacheInvalid, FailureCategory.InvalidArgument, "A cache is not written as it must be, or its parts contradict each other", Written)
        { Advice = "Write it as 'type=TYPE,KEY=VALUE', as a hashtable, or as an image's name." },
        new(BuildxFailure.ArgumentInvalid, FailureCategory.InvalidArgument, "An argument is not written as it must be", Written)
        { Advice = "Correct the part that the message names." },
        new(BuildxFailure.AnnotationInvalid, FailureCategory.InvalidArgument, "An annotation is not written as it must be, or nothing could carry it", Written)
        { Advice = "Write it as [TYPE:]KEY=VALUE, with an output that is an image." },
        new(BuildxFailure.AttestationInvalid, FailureCategory.InvalidArgument, "An attestation is not written as it must be, or is of a kind that engines do not make", Written)
        { Advice = "Write it as 'type=provenance,mode=max' or 'type=sbom'." },
        new(BuildxFailure.SecretInvalid, FailureCategory.InvalidArgument, "A secret is not written as it must be, or its parts contradict each other", Written)
        { Advice = "Write it as 'id=ID,src=FILE' or 'id=ID,env=VARIABLE'." },
        new(BuildxFailure.SshInvalid, FailureCategory.InvalidArgument, "An SSH agent is not written as it must be, or its parts contradict each other", Written)
        { Advice = "Write it as default, ID=SOCKET or ID=KEYFILE." },
        new(BuildxFailure.NotImplemented, FailureCategory.NotImplemented, "Docker's buildx offers this, and this module does not yet", Written)
        { Advice = "Use docker buildx for this." },
    ];
}
