namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>Guards folders against outputs that delete what is not part of the result (<c>type=local,mode=delete</c>).</summary>
public static class LocalDelete
{
    /// <summary>The entitlement that allows it anywhere. It is for this client only, and not sent to engines.</summary>
    public const string Entitlement = "buildx.local.delete";

    /// <summary>Whether an output deletes.</summary>
    /// <param name="output">The output.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsAsked(OutputSpec output)
    {
        ArgumentNullException.ThrowIfNull(output);
        return output.Type == "local" && output.Attributes.GetValueOrDefault("mode") == "delete";
    }

    /// <summary>Refuses to delete outside of the current location, unless that was allowed.</summary>
    /// <param name="outputs">The outputs, with absolute destinations.</param>
    /// <param name="currentLocation">The user's current folder.</param>
    /// <param name="isAllowed">Whether the user granted <see cref="Entitlement"/>.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EntitlementRefused"/>, naming the destination.</exception>
    public static void Check(IEnumerable<OutputSpec> outputs, string currentLocation, bool isAllowed)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        foreach (var output in outputs)
        {
            if (output.Destination is { Length: > 0 } destination
                && IsAsked(output)
                && !isAllowed
                && !IsStrictlyBelow(Resolve(destination), Resolve(currentLocation)))
            {
                throw new BuildxException(
                    BuildxFailure.EntitlementRefused,
                    $"The output '{output}' would delete everything else in '{destination}', which is not below the current location '{currentLocation}'.",
                    $"Allow it with -Allow {Entitlement}, go to a folder above the destination first (Set-Location), or leave mode=delete out.");
            }
        }
    }

    private static bool IsStrictlyBelow(string path, string folder)
    {
        var relative = Path.GetRelativePath(folder, path);
        return relative is not ("." or "..") && !Path.IsPathFullyQualified(relative) && !relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    /// <summary>Where a path leads: links in what is there of it are followed.</summary>
    private static string Resolve(string path)
    {
        const int MaxLinks = 40;
        var rest = new Stack<string>();
        var links = 0;
        for (var at = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)); ;)
        {
            if (links < MaxLinks && new DirectoryInfo(at).LinkTarget is { } target)
            {
                links++;
                at = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target, Path.GetDirectoryName(at) ?? at));
                continue;
            }

            if (Path.GetDirectoryName(at) is not { } parent)
            {
                return Path.Combine([at, .. rest]);
            }

            rest.Push(Path.GetFileName(at));
            at = parent;
        }
    }
}
