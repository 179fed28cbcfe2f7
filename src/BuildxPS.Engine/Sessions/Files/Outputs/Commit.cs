namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Puts one output in place, all of it or nothing. Where other processes change the same destination at that moment, it is
/// tried anew.
/// </summary>
internal sealed class Commit : IDisposable
{
    private const int MaxAttempts = 5;

    private readonly Func<IPlacement> _prepare;
    private readonly Staging _staging;
    private readonly string _destination;
    private IPlacement _placement;

    /// <summary>Prepares it.</summary>
    /// <param name="prepare">Finds the way to the destination as it is now.</param>
    /// <param name="staging">Holds what is put in place.</param>
    /// <param name="destination">What the user knows the destination as.</param>
    public Commit(Func<IPlacement> prepare, Staging staging, string destination)
    {
        _prepare = prepare;
        _staging = staging;
        _destination = destination;
        _placement = prepare();
    }

    /// <summary>Puts it in place.</summary>
    /// <exception cref="BuildxException">It could not be; the destination is as it was, or the failure says what is different.</exception>
    public void Apply()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                _placement.Apply();
                return;
            }
            catch (DestinationChangedException e)
            {
                TakeBack(e.Failure);
                if (attempt == MaxAttempts)
                {
                    throw e.Failure;
                }
            }
            catch (BuildxException e)
            {
                TakeBack(e);
                throw;
            }

            _placement.Dispose();
            _placement = _prepare();
        }
    }

    /// <summary>Takes it back after it was put in place.</summary>
    /// <param name="said">What became of the destination.</param>
    /// <returns>Whether it is as it was before.</returns>
    public bool TryUndo(out string said)
    {
        try
        {
            _placement.Undo();
            said = $"'{TreePath.Show(_destination)}' is as it was before.";
            return true;
        }
        catch (Exception e) when (e is BuildxException || OutputFailures.IsFileFailure(e))
        {
            said = Kept(e);
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _placement.Dispose();

    private void TakeBack(BuildxException failure)
    {
        if (!TryUndo(out var said))
        {
            throw new BuildxException(failure.Failure, $"{failure.Message} {said}", failure.Advice, failure);
        }
    }

    private string Kept(Exception reason)
    {
        _staging.Keep();
        return $"'{TreePath.Show(_destination)}' could not all be put back as it was ({TreePath.Show(reason.Message.TrimEnd('.'))}); "
            + $"what is missing there is kept in '{TreePath.Show(_staging.Folder)}'.";
    }
}
