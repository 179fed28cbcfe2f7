namespace BuildxPS.Engine.Builders;

/// <summary>How long an engine may take to say what it is: a short time until it answers at all, and a longer one from then on.</summary>
internal sealed class AnswerLimit : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly TimeSpan _whole;

    /// <summary>Begins to count.</summary>
    /// <param name="first">Until it answers at all; null for as long as the whole.</param>
    /// <param name="whole">For all of it; zero or <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public AnswerLimit(TimeSpan? first, TimeSpan whole, CancellationToken cancellationToken)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _whole = whole > TimeSpan.Zero ? whole : Timeout.InfiniteTimeSpan;
        InForce = first is { } time && (_whole == Timeout.InfiniteTimeSpan || time < _whole) ? time : _whole;
        _source.CancelAfter(InForce);
    }

    /// <summary>Ends when the time is over.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The limit that counts now.</summary>
    public TimeSpan InForce { get; private set; }

    /// <summary>It answers, and gets the longer time for the rest.</summary>
    public void Answered()
    {
        InForce = _whole;
        _source.CancelAfter(_whole);
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();
}
