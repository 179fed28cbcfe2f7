using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds;

/// <summary>Values in the forms that engines and buildx, which are written in Go, read and write.</summary>
internal static class GoText
{
    /// <summary>Reads a boolean as Go does: <c>1 t T TRUE true True</c> and their opposites.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Null where it is neither.</returns>
    public static bool? Boolean(string text) => text switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => null,
    };

    /// <summary>Reads a switch from the environment.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="name">The variable's name.</param>
    /// <returns>False where it is not set.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>: it is set to something else.</exception>
    public static bool Switch(ClientEnvironment environment, string name)
        => environment[name] is not { } text ? false
            : Boolean(text) ?? throw new BuildxException(
                BuildxFailure.ConfigurationInvalid,
                $"The environment variable {name} is '{text}', which is neither true nor false.",
                $"Set {name} to true or false, or remove it.");
}
