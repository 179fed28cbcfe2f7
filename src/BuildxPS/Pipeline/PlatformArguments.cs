namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for platforms.</summary>
internal static class PlatformArguments
{
    /// <summary>Reads platforms, each text one or several with commas.</summary>
    /// <param name="texts">The texts.</param>
    /// <returns>The platforms, each once.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.PlatformInvalid"/>.</exception>
    public static List<Platform> Read(IEnumerable<string> texts)
        => [.. texts.SelectMany(t => t.Split(',')).Select(Platform.Parse).Distinct()];
}
