using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Builds;

/// <summary>The source policy that <c>EXPERIMENTAL_BUILDKIT_SOURCE_POLICY</c> names: which sources an engine may use, and what it uses instead.</summary>
internal static class SourcePolicy
{
    private const string Variable = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY";
    private const int MaxBytes = 4 << 20;

    /// <summary>Reads the policy's file.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Its bytes, which engines' protocols check; null where there is none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>: a policy that cannot be read must not be dropped.</exception>
    public static ReadOnlyMemory<byte>? Read(ClientEnvironment environment)
    {
        if (environment[Variable] is not { } path)
        {
            return null;
        }

        try
        {
            if (!Path.IsPathFullyQualified(path))
            {
                throw new InvalidDataException("its path is not absolute, and what it is relative to is not known");
            }

            if (InputFile.Kind(path) is { Length: > 0 } kind)
            {
                throw new InvalidDataException($"it is {kind}");
            }

            var bytes = new FileInfo(path).Length > MaxBytes ? throw new InvalidDataException("it is too large") : File.ReadAllBytes(path);
            SourcePolicyFile.Check(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            throw new BuildxException(
                BuildxFailure.ConfigurationInvalid,
                $"The source policy '{path}', which {Variable} names, cannot be used: {e.Message.TrimEnd('.')}.",
                $"Correct the file (JSON with \"rules\", as BuildKit's source policies are written), or remove the variable {Variable}.",
                e);
        }
    }

    /// <summary>Refuses engines that would ignore a policy.</summary>
    /// <param name="policy">The policy; null for none.</param>
    /// <param name="engine">What the engine can do.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public static void CheckEngine(ReadOnlyMemory<byte>? policy, EngineDescription engine)
    {
        if (policy is not null && !engine.Capabilities.Contains("source.policy"))
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The engine{(engine.Version is null ? "" : $" (BuildKit {engine.Version})")} does not know source policies, and {Variable} asks for one.",
                $"Use an engine with BuildKit 0.11 or newer, or remove the variable {Variable}.");
        }
    }
}
