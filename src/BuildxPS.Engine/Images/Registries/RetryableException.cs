namespace BuildxPS.Engine.Images.Registries;

/// <summary>A failure after which the same request may be sent again; what the user sees is <see cref="Failure"/>.</summary>
internal sealed class RetryableException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="failure">What the user sees when no try is left.</param>
    /// <param name="after">How long the registry asks to wait; null where it does not say.</param>
    public RetryableException(BuildxException failure, TimeSpan? after = null)
        : base(failure.Message, failure) => (Failure, After) = (failure, after);

    /// <summary>What the user sees when no try is left.</summary>
    public BuildxException Failure { get; }

    /// <summary>How long the registry asks to wait.</summary>
    public TimeSpan? After { get; }
}
