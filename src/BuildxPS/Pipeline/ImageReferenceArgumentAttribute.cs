using System.Collections;
using System.Management.Automation;

namespace BuildxPS.Pipeline;

/// <summary>
/// Lets text, objects that are a reference or have one, and results of builds through. Anything else from the pipeline is
/// left to the parameters that bind by property name; otherwise PowerShell would take its text for a reference.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ImageReferenceArgumentAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
        => PairArguments.Unwrap(inputData) is IEnumerable list and not string
            ? list.Cast<object?>().Select(ReferenceOf).ToArray()
            : new[] { ReferenceOf(inputData) };

    private static object ReferenceOf(object? value) => PairArguments.Unwrap(value) switch
    {
        BuildResult result => result,
        string text => text,
        ImageReference reference => reference.ToString(),
        ImageDocument document => document.DigestReference.ToString(),
        ImageReferrer referrer => referrer.Reference.ToString(),
        // The one exception that the pipeline binder takes for "not mine" instead of an error.
        var other => throw new PSInvalidCastException($"A value of type {other?.GetType().Name ?? "null"} is not an image reference: give a text such as registry.local:5000/app:1."),
    };
}
