namespace BuildxPS;

/// <summary>
/// A failure that a user can meet. The message says what failed, on what, and what the other side answered;
/// <see cref="Advice"/> says what to do about it.
/// </summary>
public class BuildxException : Exception
{
    /// <summary>Creates a failure.</summary>
    /// <param name="failure">The stable reason.</param>
    /// <param name="message">What failed, on what, and what the other side answered.</param>
    /// <param name="advice">What the user can do about it: one or two sentences.</param>
    /// <param name="innerException">What caused it, if anything did.</param>
    public BuildxException(BuildxFailure failure, string message, string advice, Exception? innerException = null)
        : base(message, innerException)
    {
        Failure = failure;
        Advice = advice;
    }

    /// <summary>The stable reason.</summary>
    public BuildxFailure Failure { get; }

    /// <summary>What the user can do about it.</summary>
    public string Advice { get; }

    /// <summary>Whether the same call may succeed a moment later.</summary>
    public bool IsTransient { get; init; }
}
