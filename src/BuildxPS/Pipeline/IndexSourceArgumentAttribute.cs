using System.Collections;
using System.Management.Automation;

namespace BuildxPS.Pipeline;

/// <summary>
/// Lets through what an index can be made of. Anything else from the pipeline is left to the parameters that bind by property
/// name; otherwise PowerShell would take its text for a reference.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class IndexSourceArgumentAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
        => PairArguments.Unwrap(inputData) is IEnumerable list and not string
            ? list.Cast<object?>().Select(Checked).ToArray()
            : new[] { Checked(inputData) };

    private static object Checked(object? value) => PairArguments.Unwrap(value) switch
    {
        string or ImageReference or Descriptor or ImageDocument or BuildResult or BuiltImage or FileInfo => PairArguments.Unwrap(value)!,
        // The one exception that the pipeline binder takes for "not mine" instead of an error.
        var other => throw new PSInvalidCastException($"A value of type {other?.GetType().Name ?? "null"} is nothing that an index can be made of: give a reference, a digest, a descriptor, or an image's or a build's object."),
    };
}
