namespace BuildxPS;

/// <summary>What commands with a <c>-Builder</c> bind of a builder that is piped to them.</summary>
/// <remarks>A base of its own, because a type cannot declare a member with its own name.</remarks>
public abstract record BuilderArgument
{
    private protected BuilderArgument()
    {
    }

    /// <summary>The builder's name, under the name of the parameter.</summary>
    public string Builder => Argument;

    private protected abstract string Argument { get; }
}
