using System.Management.Automation;

namespace BuildxPS.Pipeline;

/// <summary>Lets through what a build may take from the pipeline as an archive or a Dockerfile: text, bytes, streams and files.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PipedArgumentAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
        => PairArguments.Unwrap(inputData) switch
        {
            string or byte or byte[] or Stream or FileInfo => PairArguments.Unwrap(inputData)!,
            // The one exception that the pipeline binder takes for "not mine" instead of an error.
            var other => throw new PSInvalidCastException($"A value of type {other?.GetType().Name ?? "null"} is no archive and no Dockerfile: give text, bytes, a stream or a FileInfo."),
        };
}
