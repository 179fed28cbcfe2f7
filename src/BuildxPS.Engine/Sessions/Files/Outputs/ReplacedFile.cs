using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>Puts a file in another one's place.</summary>
internal sealed class ReplacedFile(string staged, string target, string aside, FileStatus existing, IFileSystem files) : IPlacement
{
    private readonly EntryMoves _moves = new(files);
    private readonly FileStatus _staged = files.Status(staged) ?? throw OutputFailures.NotWritable(target, "what was staged for it was removed.");
    private bool _isApplied;

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    /// <inheritdoc/>
    public void Apply()
    {
        try
        {
            _moves.Replace(staged, target, aside, _staged, existing);
            _isApplied = true;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            var failure = OutputFailures.From(e, target);
            throw files.Status(target) is { IsRegular: true } ? failure : new DestinationChangedException(failure);
        }
    }

    /// <inheritdoc/>
    public void Undo()
    {
        try
        {
            if (_isApplied)
            {
                _moves.PutBack(staged, target, aside, _staged);
                _isApplied = false;
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, target);
        }
    }
}
