using System.Management.Automation;

namespace BuildxPS.Pipeline;

/// <summary>
/// Lets through what a build may take from the pipeline as an archive or a Dockerfile: text, bytes, streams and files. Folders, too:
/// whoever reads it knows then that the input is no object with a build's parameters.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PipedArgumentAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
        => PairArguments.Unwrap(inputData) switch
        {
            string or byte or byte[] or Stream or FileSystemInfo => PairArguments.Unwrap(inputData)!,
            not null when IsStoredItem(inputData) => inputData,
            // The one exception that the pipeline binder takes for "not mine" instead of an error.
            var other => throw new PSInvalidCastException($"A value of type {other?.GetType().Name ?? "null"} is no archive and no Dockerfile: give text, bytes, a stream or a FileInfo."),
        };

    /// <summary>Whether it is a file or a folder that came back from another session or from <c>Import-Clixml</c>.</summary>
    private static bool IsStoredItem(object inputData)
        => inputData is PSObject item && item.TypeNames.Contains("Deserialized.System.IO.FileSystemInfo");
}
