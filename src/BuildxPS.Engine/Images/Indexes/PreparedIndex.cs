namespace BuildxPS.Engine.Images.Indexes;

/// <summary>An index that is made and not pushed yet.</summary>
public sealed class PreparedIndex
{
    internal PreparedIndex(ImageDocument document, ComposedImage image) => (Document, Image) = (document, image);

    /// <summary>What would be pushed: an <see cref="ImageIndex"/>, or an <see cref="ImageManifest"/> that is taken as it is.</summary>
    public ImageDocument Document { get; }

    /// <summary>What the user should know of it.</summary>
    public IReadOnlyList<string> Warnings => Image.Warnings;

    /// <summary>The same with what it points at.</summary>
    internal ComposedImage Image { get; }
}
