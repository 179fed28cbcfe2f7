using System.Text;
using BuildxPS.Engine.Sessions.Files.Outputs;

namespace BuildxPS.Engine.Reports;

/// <summary>Where a page goes.</summary>
public sealed class ReportFile
{
    private readonly string _path;

    /// <summary>Names a file. Nothing is read or written.</summary>
    /// <param name="path">The file.</param>
    public ReportFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
    }

    /// <summary>Whether a file that is there already is left alone.</summary>
    public bool KeepsExisting { get; init; }

    /// <summary>Whether a file is replaced though it may not be written.</summary>
    public bool ReplacesReadOnly { get; init; }

    /// <summary>Finds out, without changing anything, whether the page can be written.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>, naming the file.</exception>
    public void Check()
    {
        if (KeepsExisting && File.Exists(_path))
        {
            throw new BuildxException(
                BuildxFailure.DestinationNotWritable,
                $"The file '{DisplayText.Line(_path)}' is there already, and -NoClobber keeps it.",
                "Give another path, or leave -NoClobber out to replace the file.");
        }

        if (IsReadOnly && !ReplacesReadOnly)
        {
            throw new BuildxException(
                BuildxFailure.DestinationNotWritable,
                $"The file '{DisplayText.Line(_path)}' is there already and is read-only.",
                "Give another path, or replace it with -Force.");
        }

        if (!IsReadOnly)
        {
            FileOutput.CheckWritable(_path);
        }
    }

    /// <summary>Writes the page: whole, or not at all.</summary>
    /// <param name="report">What it says.</param>
    /// <param name="cancellationToken">Gives up; what was there stays.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>, naming the file.</exception>
    public async Task WriteAsync(BuildReport report, CancellationToken cancellationToken)
    {
        Check();
        var restore = IsReadOnly ? MakeWritable() : null;
        try
        {
            await ReplaceAsync(report, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Restore(restore);
            throw;
        }
    }

    private async Task ReplaceAsync(BuildReport report, CancellationToken cancellationToken)
    {
        var file = new FileOutput(_path);
        await using (file.ConfigureAwait(false))
        {
            var stream = await file.OpenAsync(new Dictionary<string, string>(), cancellationToken).ConfigureAwait(false);
            var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 64 * 1024);
            await using (writer.ConfigureAwait(false))
            {
                ReportPage.Write(report, writer);
            }

            file.Complete();
            await file.PrepareAsync(cancellationToken).ConfigureAwait(false);
            await file.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Makes the file what it was.</returns>
    private Action MakeWritable()
    {
        try
        {
            var attributes = File.GetAttributes(_path);
            UnixFileMode? mode = OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(_path);
            File.SetAttributes(_path, attributes & ~FileAttributes.ReadOnly);
            return () =>
            {
                if (!OperatingSystem.IsWindows() && mode is { } rights)
                {
                    File.SetUnixFileMode(_path, rights);
                }
                else
                {
                    File.SetAttributes(_path, attributes);
                }
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BuildxException(
                BuildxFailure.DestinationNotWritable,
                $"The file '{DisplayText.Line(_path)}' is read-only, and cannot be made writable: {DisplayText.Line(e.Message)}",
                "Give another path, or get the right to change that file.",
                e);
        }
    }

    private static void Restore(Action? restore)
    {
        try
        {
            restore?.Invoke();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure to write is what is reported.
        }
    }

    private bool IsReadOnly => new FileInfo(_path) is { Exists: true, IsReadOnly: true };
}
