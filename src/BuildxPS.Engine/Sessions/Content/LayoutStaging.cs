using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>
/// The place where one build puts a layout together: a folder of its own in the layout's <c>ingest</c>, or beside a layout
/// that does not exist yet.
/// </summary>
internal sealed class LayoutStaging : IDisposable
{
    private readonly Staging _staging;
    private readonly string? _madeIngest;
    private int _files;

    private LayoutStaging(Staging staging, string? madeIngest)
    {
        (_staging, _madeIngest) = (staging, madeIngest);
        Layout = Path.Join(staging.Folder, "layout");
        Unfinished = Path.Join(staging.Folder, "unfinished");
    }

    /// <summary>A layout of what was written; becomes the destination where there is none.</summary>
    public string Layout { get; }

    private string Unfinished { get; }

    /// <summary>Makes the place, and removes what builds left that were killed.</summary>
    /// <param name="destination">The layout.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The place.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static LayoutStaging Create(Destination destination, IFileSystem files)
    {
        Staging? staging = null;
        try
        {
            var (parent, made) = destination.Status is null
                ? (destination.FindStagingParent(), null)
                : MakeIngest(destination.Path, files);
            Leftovers.CleanUp(parent, destination, files);
            staging = Staging.Create(parent, files);
            var place = new LayoutStaging(staging, made);
            _ = Directory.CreateDirectory(place.Unfinished);
            _ = Directory.CreateDirectory(Path.Join(place.Layout, "ingest"));
            return place;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            staging?.Dispose();
            throw OutputFailures.From(e, destination.Path);
        }
    }

    /// <summary>A name for one more file.</summary>
    /// <returns>Its path.</returns>
    public string NewFile() => Path.Join(Unfinished, Interlocked.Increment(ref _files).ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Removes the place and all that is in it, and what had to be made for it.</summary>
    public void Dispose() => Dispose(keepIngest: false);

    /// <summary>Removes the place and all that is in it.</summary>
    /// <param name="keepIngest">Whether the layout's <c>ingest</c> stays if it was made for this place.</param>
    public void Dispose(bool keepIngest)
    {
        _staging.Dispose();
        if (keepIngest || _madeIngest is null)
        {
            return;
        }

        try
        {
            Directory.Delete(_madeIngest);
        }
        catch (IOException)
        {
            // Another build has begun in it.
        }
    }

    private static (string Parent, string? Made) MakeIngest(string layout, IFileSystem files)
    {
        var ingest = Path.Join(layout, "ingest");
        switch (files.Status(ingest))
        {
            case null:
                _ = Directory.CreateDirectory(ingest);
                return (ingest, ingest);
            case { IsDirectory: true }:
                return (ingest, null);
            default:
                throw OutputFailures.NotWritable(layout, $"'{ingest}' is not a folder.");
        }
    }
}
