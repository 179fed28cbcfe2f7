namespace BuildxPS.Engine.Connections;

/// <summary>Puts what ssh says into failures that a user can act on.</summary>
/// <param name="address">The engine's address.</param>
/// <param name="target">The machine.</param>
/// <param name="command">What was to run there.</param>
internal sealed class SshFailures(string address, SshTarget target, string command)
{
    /// <summary>ssh's own exit code; any other is the command's.</summary>
    private const int OwnExitCode = 255;

    /// <summary>The address.</summary>
    public string Address => address;

    private string SshLine => $"ssh {(target.Port is { } port ? FormattableString.Invariant($"-p {port} ") : "")}{(target.User is null ? "" : target.User + "@")}{target.Host}";

    /// <summary>There is no ssh here.</summary>
    /// <param name="program">What was to run.</param>
    /// <param name="inner">What the system said.</param>
    /// <returns>The failure.</returns>
    public BuildxException NoProgram(string program, Exception inner) => new(
        BuildxFailure.EndpointUnsupported,
        $"The engine at {address} is reached through the program '{program}', which cannot be started on this machine: {DisplayText.Line(inner.Message)}",
        "Install OpenSSH's client, or reach the engine over tcp:// with TLS.",
        inner);

    /// <summary>ssh ended before the engine answered.</summary>
    /// <param name="exitCode">How it ended; null where it was not seen to end.</param>
    /// <param name="words">What it wrote to its standard error.</param>
    /// <returns>The failure.</returns>
    public BuildxException Ended(int? exitCode, string words)
    {
        var said = words.Length == 0 ? "without a word" : $"with '{DisplayText.Line(words)}'";
        if (words.Contains("Host key verification failed", StringComparison.Ordinal) || words.Contains("REMOTE HOST IDENTIFICATION HAS CHANGED", StringComparison.Ordinal))
        {
            return new BuildxException(
                BuildxFailure.HostKeyNotTrusted,
                $"ssh does not trust the key that the host '{target.Host}' of the engine {address} shows: it ended {said}.",
                $"Connect once by hand with '{SshLine}' and compare the key's fingerprint, or add the host's key to the known hosts. If it was known and has changed, ask who runs the host first.");
        }

        if (words.Contains("Permission denied", StringComparison.Ordinal) && exitCode is null or OwnExitCode)
        {
            return new BuildxException(
                BuildxFailure.EngineAccessDenied,
                $"The host '{target.Host}' of the engine {address} does not let this user in: ssh ended {said}.",
                $"Check that '{SshLine}' works without asking for anything: the key must be in the agent or named in ssh's settings, and have no passphrase of its own.");
        }

        return exitCode is null or OwnExitCode
            ? new BuildxException(
                BuildxFailure.EngineUnreachable,
                $"No engine answers at {address}: ssh ended {said}.",
                $"Check that '{SshLine}' works from here without asking for anything.")
            {
                IsTransient = true,
            }
            : new BuildxException(
                BuildxFailure.EngineUnreachable,
                FormattableString.Invariant($"No engine answers at {address}: on the host '{target.Host}' the command '{command}' ended with exit code {exitCode}, {said}."),
                $"Check that the command works there ('{SshLine} {command}'), and that the user may use the engine's socket.");
    }
}
