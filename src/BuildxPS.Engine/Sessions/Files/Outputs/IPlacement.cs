namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>A way for what was staged to get to its destination. All that could be found out before was found out before.</summary>
internal interface IPlacement : IDisposable
{
    /// <summary>Puts it in place. If it fails, <see cref="Undo"/> is called.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>, naming the path.</exception>
    /// <exception cref="DestinationChangedException">The destination is not what it was; trying anew from the start may help.</exception>
    void Apply();

    /// <summary>Takes back what <see cref="Apply"/> did, as far as it came.</summary>
    /// <exception cref="BuildxException">The first thing that could not be put back; all others were.</exception>
    void Undo();
}

/// <summary>Something else changed the destination at the same time.</summary>
internal sealed class DestinationChangedException : IOException
{
    /// <summary>Creates one.</summary>
    /// <param name="failure">What came of it.</param>
    public DestinationChangedException(BuildxException failure)
        : base(failure.Message, failure) => Failure = failure;

    /// <summary>The failure to report where trying anew does not help.</summary>
    public BuildxException Failure { get; }
}
