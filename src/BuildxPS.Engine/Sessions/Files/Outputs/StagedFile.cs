using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>A file that is being received: failures name the file that the user knows.</summary>
internal sealed class StagedFile : WriteOnlyStream
{
    private readonly Stream _file;
    private readonly string _destination;
    private readonly string _path;
    private bool _isDisposed;

    /// <summary>Wraps a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="destination">What the user knows it as, or the folder that it lies in.</param>
    /// <param name="path">The path in that folder.</param>
    public StagedFile(Stream file, string destination, string path = "")
    {
        _file = file;
        _destination = destination;
        _path = path;
    }

    /// <inheritdoc/>
    public override bool CanWrite => !_isDisposed;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _file.Write(buffer);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Path.Join(_destination, _path));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        try
        {
            if (disposing && !_isDisposed)
            {
                _isDisposed = true;
                _file.Dispose();
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Path.Join(_destination, _path));
        }
        finally
        {
            base.Dispose(disposing);
        }
    }
}
