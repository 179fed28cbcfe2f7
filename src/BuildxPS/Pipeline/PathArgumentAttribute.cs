using System.Management.Automation;

namespace BuildxPS.Pipeline;

/// <summary>
/// Lets text, files, folders and PowerShell's own path objects through as a path. Anything else from the pipeline is
/// left to the parameters that bind by property name; otherwise PowerShell would take its text for a path.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PathArgumentAttribute : ArgumentTransformationAttribute
{
    /// <summary>Takes null for an empty text: a property of an object from the pipeline may have no value.</summary>
    public bool TakesNull { get; init; }

    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
        => PairArguments.Unwrap(inputData) switch
        {
            null when TakesNull => "",
            string text => text,
            FileSystemInfo item => item.FullName,
            PathInfo path => path.Path,
            // A folder's name that PowerShell read as a number.
            ValueType value => LanguagePrimitives.ConvertTo<string>(value),
            // The one exception that the pipeline binder takes for "not mine" instead of an error.
            var other => throw new PSInvalidCastException($"A value of type {other?.GetType().Name ?? "null"} is not a path: give a text, a DirectoryInfo or a FileInfo."),
        };
}
