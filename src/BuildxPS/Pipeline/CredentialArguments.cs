using System.Collections;
using System.Management.Automation;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Pipeline;

/// <summary>Reads the logins that users give for registries.</summary>
internal static class CredentialArguments
{
    private const string Forms = "Write -Credential as a PSCredential (Get-Credential), or as a hashtable of host and PSCredential: @{ 'registry.local:5000' = $credential }.";

    /// <summary>Reads the argument.</summary>
    /// <param name="argument">A credential, a hashtable of host and credential, or null.</param>
    /// <param name="registries">The registries that a credential without a host would be sent to.</param>
    /// <returns>Logins by registry.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static Dictionary<string, RegistryCredential> Read(object? argument, IReadOnlyList<string> registries)
    {
        var logins = new Dictionary<string, RegistryCredential>(StringComparer.OrdinalIgnoreCase);
        switch (PairArguments.Unwrap(argument))
        {
            case null:
                break;
            case PSCredential credential when registries.Distinct(StringComparer.OrdinalIgnoreCase).ToList() is { Count: > 1 } several:
                // One registry's password is never offered to another.
                throw Invalid($"A credential is given, and it is not said whether it is for {string.Join(" or ", several)}");
            case PSCredential credential:
                foreach (var registry in registries)
                {
                    logins[registry] = LoginOf(credential);
                }

                break;
            case IDictionary table:
                foreach (DictionaryEntry entry in table)
                {
                    logins[TrustArguments.CheckHost(entry.Key.ToString() ?? "", "-Credential")] = PairArguments.Unwrap(entry.Value) is PSCredential one
                        ? LoginOf(one)
                        : throw Invalid($"What is given for '{DisplayText.Line(entry.Key.ToString())}' is no credential");
                }

                break;
            default:
                throw Invalid("What is given is no credential");
        }

        return logins;
    }

    private static RegistryCredential LoginOf(PSCredential credential)
    {
        var login = credential.GetNetworkCredential();

        // PowerShell takes what stands before a backslash or behind an at sign for a domain; registries know none.
        return new RegistryCredential { Username = credential.UserName.TrimStart('\\'), Password = login.Password, Source = "-Credential" };
    }

    private static BuildxException Invalid(string problem) => new(BuildxFailure.ArgumentInvalid, problem + ".", Forms);
}
