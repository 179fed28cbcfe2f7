using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>
/// Asks a program <c>docker-credential-NAME</c> for a login, or to keep or forget one. It may hang, flood or lie: time and
/// output are bounded, and what it prints is repeated only where it cannot be a login.
/// </summary>
internal sealed partial class CredentialHelper
{
    private const string Prefix = "docker-credential-";
    private const string NotFound = "credentials not found in native keychain";
    private const string TokenUser = "<token>";
    private const int MaxOutput = 1024 * 1024;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string _name;
    private readonly ClientEnvironment _environment;
    private readonly TimeSpan _timeout;

    /// <summary>Names a helper.</summary>
    /// <param name="name">Its name without the prefix, as it stands in <paramref name="source"/>.</param>
    /// <param name="source">The file that names it, for messages.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> for a name that is more than a name.</exception>
    public CredentialHelper(string name, string source, ClientEnvironment environment, TimeSpan timeout)
    {
        if (!PlainName().IsMatch(name))
        {
            throw new BuildxException(
                BuildxFailure.ConfigurationInvalid,
                $"The credential helper '{DisplayText.Line(name, 100)}' in '{source}' is not a plain name.",
                "Name the program docker-credential-NAME by NAME alone, and put it on PATH.");
        }

        (_name, _environment, _timeout) = (name, environment, timeout);
    }

    /// <summary>The program's name.</summary>
    public string Program => Prefix + _name;

    /// <summary>Finds a program on PATH.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="program">Its name.</param>
    /// <returns>Its path; null where it is not there.</returns>
    public static string? FindProgram(ClientEnvironment environment, string program)
    {
        // Folders that are not absolute are left out: what lies in the current folder is not to be run by accident.
        var file = environment.IsWindows ? program + ".exe" : program;
        return (environment["PATH"] ?? "").Split(environment.IsWindows ? ';' : ':')
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(path => File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != 0));
    }

    /// <summary>What docker uses where nothing about logins is configured: the system's own key ring, if a helper for it is installed.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The helper's name; null where there is none, or something is configured.</returns>
    public static string? Default(CredentialFile file, ClientEnvironment environment)
    {
        if (!file.IsEmpty)
        {
            return null;
        }

        var name = environment.IsWindows ? "wincred"
            : OperatingSystem.IsMacOS() ? "osxkeychain"
            : FindProgram(environment, "pass") is not null ? "pass"
            : "secretservice";
        return FindProgram(environment, Prefix + name) is null ? null : name;
    }

    /// <summary>Asks for a login.</summary>
    /// <param name="key">The registry's key.</param>
    /// <param name="cancellationToken">Gives up, and ends the helper.</param>
    /// <returns>The login; null where the helper has none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CredentialHelperFailed"/>.</exception>
    public async Task<RegistryCredential?> GetAsync(string key, CancellationToken cancellationToken)
        => await RunAsync("get", key, Encoding.UTF8.GetBytes(key), cancellationToken).ConfigureAwait(false) is { } output ? Parse(key, output) : null;

    /// <summary>Looks for the program, so that its lack is known before a login is tried in vain.</summary>
    /// <param name="key">The registry's key.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CredentialHelperFailed"/>.</exception>
    public void DemandStore(string key) => _ = Demand("store", key);

    /// <summary>Gives it a login to keep.</summary>
    /// <param name="key">The registry's key.</param>
    /// <param name="login">The login.</param>
    /// <param name="cancellationToken">Gives up, and ends the helper.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CredentialHelperFailed"/>.</exception>
    public async Task StoreAsync(string key, RegistryCredential login, CancellationToken cancellationToken)
    {
        var user = string.IsNullOrEmpty(login.IdentityToken) ? login.Username : TokenUser;
        var input = GoJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("ServerURL", key);
            json.WriteString("Username", user);
            json.WriteString("Secret", login.Secret);
            json.WriteEndObject();
        });
        _ = await RunAsync("store", key, input, cancellationToken).ConfigureAwait(false)
            ?? throw Failed("store", key, "it says that it knows no such login", $"Check that the right {Program} is on PATH.");
    }

    /// <summary>Makes it forget a login; nothing happens where it has none.</summary>
    /// <param name="key">The registry's key.</param>
    /// <param name="cancellationToken">Gives up, and ends the helper.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CredentialHelperFailed"/>.</exception>
    public Task EraseAsync(string key, CancellationToken cancellationToken) => RunAsync("erase", key, Encoding.UTF8.GetBytes(key), cancellationToken);

    private string Demand(string verb, string key) => FindProgram(_environment, Program)
        ?? throw Failed(verb, key, "it is not on PATH", $"Install {Program}, or remove it from the docker configuration.");

    private async Task<byte[]?> RunAsync(string verb, string key, byte[] input, CancellationToken cancellationToken)
    {
        var path = Demand(verb, key);
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(_timeout);
        using var process = Start(path, verb, key);
        try
        {
            var (exitCode, output) = await ExchangeAsync(process, verb, key, input, timer.Token).ConfigureAwait(false);
            return exitCode == 0 ? output : Refusal(verb, key, exitCode, output);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed(verb, key, $"it gave no answer in {_timeout.TotalSeconds:0} seconds", $"Run it by hand ('echo {key} | {Program} get') to see what it waits for: often a locked key ring.");
        }
        finally
        {
            Stop(process);
        }
    }

    private static void Stop(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself meanwhile.
        }
    }

    private Process Start(string path, string verb, string key)
    {
        var start = new ProcessStartInfo(path)
        {
            ArgumentList = { verb },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in _environment.Variables)
        {
            start.Environment[name] = value;
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Exception error) when (error is Win32Exception or IOException or PlatformNotSupportedException)
        {
            throw Failed(verb, key, $"it cannot be started: {error.Message}", $"Check that {path} can be run here.", error);
        }
    }

    private async Task<(int ExitCode, byte[] Output)> ExchangeAsync(Process process, string verb, string key, byte[] input, CancellationToken cancellationToken)
    {
        // Read from the start, so that a helper that prints before it reads cannot block on a full pipe. What it says on
        // its error stream is for its own log, and is only drained.
        var reading = ReadAsync(process.StandardOutput.BaseStream, verb, key, cancellationToken);
        var draining = process.StandardError.BaseStream.CopyToAsync(Stream.Null, cancellationToken);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, cancellationToken).ConfigureAwait(false);
            await process.StandardInput.BaseStream.DisposeAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // It ended without reading; its exit code says more.
        }

        byte[] output;
        try
        {
            // A program that it left behind may keep the pipe open, and reads of pipes cannot be cancelled everywhere.
            output = await reading.WaitAsync(cancellationToken).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Stop(process);
            await ((Task)draining.WaitAsync(TimeSpan.FromSeconds(1), CancellationToken.None)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (process.ExitCode, output);
    }

    private async Task<byte[]> ReadAsync(Stream stream, string verb, string key, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            if (output.Length + count > MaxOutput)
            {
                throw Failed(verb, key, $"it printed more than {ByteSize.Format(MaxOutput)}", $"Check that the right {Program} is on PATH.");
            }

            output.Write(buffer, 0, count);
        }

        return output.ToArray();
    }

    private RegistryCredential Parse(string key, byte[] output)
    {
        try
        {
            using var json = JsonDocument.Parse(output, new JsonDocumentOptions { MaxDepth = 8 });
            var (user, secret) = (Text(json.RootElement, "Username"), Text(json.RootElement, "Secret"));
            return user == TokenUser
                ? new RegistryCredential { IdentityToken = secret, Source = Program }
                : new RegistryCredential { Username = user, Password = secret, Source = Program };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Neither the output nor the parser's word about it is repeated: both can hold the secret.
            throw Failed("get", key, "what it printed is not a login", $"Check that the right {Program} is on PATH.");
        }
    }

    private byte[]? Refusal(string verb, string key, int exitCode, byte[] output)
    {
        var said = Encoding.UTF8.GetString(output.AsSpan(0, Math.Min(output.Length, 1000))).Trim();
        if (said == NotFound)
        {
            return null;
        }

        // It was given the secret, and may repeat it.
        var isRepeated = verb != "store" && said.Length > 0 && !said.Contains('{', StringComparison.Ordinal);
        throw Failed(
            verb,
            key,
            $"it ended with code {exitCode}" + (isRepeated ? $" ({DisplayText.Line(said, 200)})" : ""),
            $"Run it by hand ('echo {key} | {Program} get') to see why.");
    }

    private static string Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private BuildxException Failed(string verb, string key, string problem, string advice, Exception? inner = null) => new(
        BuildxFailure.CredentialHelperFailed,
        $"The credential helper {Program} {Verb(verb)} for '{DisplayText.Line(key, 100)}': {problem}.",
        advice,
        inner);

    private static string Verb(string verb) => verb switch
    {
        "store" => "kept no login",
        "erase" => "removed no login",
        _ => "gave no login",
    };

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\z")]
    private static partial Regex PlainName();
}
