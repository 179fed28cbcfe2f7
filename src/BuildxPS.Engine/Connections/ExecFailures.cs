namespace BuildxPS.Engine.Connections;

/// <summary>Puts what can go wrong with a command in a container into words that name both.</summary>
/// <param name="address">The daemon's address.</param>
/// <param name="container">The container's name.</param>
/// <param name="command">The command, as it would be typed.</param>
/// <param name="expectsText">Whether the command's output is text, and not gRPC.</param>
internal sealed class ExecFailures(string address, string container, string command, bool expectsText)
{
    /// <summary>Whether the command's output is text.</summary>
    public bool ExpectsText => expectsText;

    /// <summary>The daemon could not start the command.</summary>
    /// <param name="reason">What it said.</param>
    /// <returns>The failure.</returns>
    public BuildxException NotStarted(string reason) => new(
        BuildxFailure.EngineUnsupported,
        $"The command '{command}' could not be started in the container {container} on {address}: {DisplayText.Line(reason)}",
        "The builder's image must be one of BuildKit, with buildctl in it; Remove-BuildxBuilder and make the builder again with another one (driver option image).");

    /// <summary>The command ended before it answered.</summary>
    /// <param name="log">What it wrote to its standard error.</param>
    /// <returns>The failure.</returns>
    public BuildxException Ended(string log) => new(
        BuildxFailure.EngineUnreachable,
        $"BuildKit in the container {container} on {address} does not answer: the command '{command}' ended"
        + (log.Length == 0 ? " without a word." : $" with '{DisplayText.Line(log)}'."),
        "See whether the builder runs with Get-BuildxBuilder, and start it with Start-BuildxBuilder; the container's log says more.")
    {
        IsTransient = true,
    };

    /// <summary>The command ended, or was cut off, while it was in use: as a rule because its container was stopped.</summary>
    /// <param name="log">What it wrote to its standard error.</param>
    /// <returns>The error of a stream.</returns>
    public EndOfStreamException Broken(string log) => new(
        $"the command '{command}' in the container {container} ended"
        + (log.Length == 0 ? ", so the container was stopped or BuildKit in it has ended" : $" with '{DisplayText.Line(log)}'"));

    /// <summary>The container is not there.</summary>
    /// <returns>The failure.</returns>
    public BuildxException NoContainer() => new(
        BuildxFailure.EngineUnreachable,
        $"The builder's container {container} does not exist on {address}.",
        "Start the builder with Start-BuildxBuilder: it makes the container again.");

    /// <summary>The container does not run.</summary>
    /// <param name="reason">What the daemon said.</param>
    /// <returns>The failure.</returns>
    public BuildxException NotRunning(string reason) => new(
        BuildxFailure.EngineUnreachable,
        $"The builder's container {container} on {address} does not run: {DisplayText.Line(reason)}",
        "Start the builder with Start-BuildxBuilder; if it stops by itself, the container's log says why.")
    {
        IsTransient = true,
    };
}
