using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Images.Layouts;

/// <summary>What can be wrong with a layout that an image is to be read from.</summary>
internal static class LayoutFailures
{
    private const int ShownNames = 10;

    /// <summary>Nothing is there.</summary>
    /// <param name="path">Where.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NotFound(string path) => new(
        BuildxFailure.LayoutNotFound,
        $"The OCI layout '{TreePath.Show(path)}' does not exist.",
        "Name the folder that holds index.json and blobs, or a tar of one.");

    /// <summary>What is there is no layout.</summary>
    /// <param name="path">Where.</param>
    /// <param name="problem">Why not, without a full stop.</param>
    /// <param name="cause">What said so.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NotALayout(string path, string problem, Exception? cause = null) => new(
        cause is null && problem.StartsWith("it has no", StringComparison.Ordinal) ? BuildxFailure.LayoutNotFound : BuildxFailure.LayoutInvalid,
        $"'{TreePath.Show(path)}' is no OCI layout: {problem}.",
        "Name the folder that holds index.json and blobs, or an uncompressed tar of one, as '-Output type=oci' writes it.",
        cause);

    /// <summary>The layout has no image of that name.</summary>
    /// <param name="layout">The layout.</param>
    /// <param name="wanted">The name.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NoImage(ILayout layout, string wanted)
    {
        var names = layout.Index.Names;
        var shown = string.Join(", ", names.Take(ShownNames).Select(n => DisplayText.Line(n, 256))) + (names.Count > ShownNames ? ", …" : "");
        return new BuildxException(
            BuildxFailure.ImageNotFound,
            $"The OCI layout '{TreePath.Show(layout.Path)}' has no image '{wanted}'; it has {(names.Count == 0 ? "none" : shown)}.",
            "Name one that is there: oci-layout://PATH:TAG or oci-layout://PATH@DIGEST.");
    }

    /// <summary>A blob that a manifest lists is not there.</summary>
    /// <param name="path">The layout.</param>
    /// <param name="digest">The blob.</param>
    /// <returns>The failure.</returns>
    public static BuildxException NoBlob(string path, string digest) => new(
        BuildxFailure.LayoutInvalid,
        $"The OCI layout '{TreePath.Show(path)}' has no blob {digest}, which its image needs.",
        "The layout is not whole: write it again. Platforms that are there can be chosen with -Platform.");
}
