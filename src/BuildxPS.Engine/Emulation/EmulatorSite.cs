using System.Text.RegularExpressions;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers.Kubernetes;

namespace BuildxPS.Engine.Emulation;

/// <summary>An engine as one who wants to give it an emulator sees it. It makes the line that does it.</summary>
internal sealed partial record EmulatorSite
{
    private const string Otherwise = " Or build for a platform that the engine runs by itself with -Platform, or run the step in a stage that is FROM --platform=$BUILDPLATFORM.";

    /// <summary>The engine's machine.</summary>
    public required EngineMachine Machine { get; init; }

    /// <summary>The builder's driver.</summary>
    public required string Driver { get; init; }

    /// <summary>The builder's name.</summary>
    public required string Builder { get; init; }

    /// <summary>How the user named the builder.</summary>
    public required BuilderSelection Selection { get; init; }

    /// <summary>This machine.</summary>
    public required EmulationHost Host { get; init; }

    /// <summary>Describes an engine.</summary>
    /// <param name="node">The builder's node.</param>
    /// <param name="driver">The builder's driver.</param>
    /// <param name="builder">The builder's name.</param>
    /// <param name="selection">How the user named the builder.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The site.</returns>
    public static EmulatorSite Of(NodeHandle node, string driver, string builder, BuilderSelection selection, ClientEnvironment environment)
        => new() { Machine = node.Machine, Driver = driver, Builder = builder, Selection = selection, Host = EmulationHost.Read(environment) };

    /// <summary>An entry of the kernel for a platform that containers cannot use. Of an engine elsewhere that is not known.</summary>
    /// <param name="platform">The platform.</param>
    /// <returns>The entry; null if there is none, or one that can be used.</returns>
    public BinfmtEntry? FindUnusable(Platform platform)
    {
        if (!Machine.IsHere || EmulatedArchitecture.Of(platform) is not { } architecture)
        {
            return null;
        }

        var entries = Host.Table.Read().Where(e => e.IsEnabled && e.Architecture == architecture).ToList();
        return entries.Any(e => e.WorksInContainers) ? null : entries.FirstOrDefault();
    }

    /// <summary>What to do for an emulator, with the line to run.</summary>
    /// <param name="platform">Whose programs are to run; null where that is not known.</param>
    /// <param name="replaces">Whether one that cannot be used is registered.</param>
    /// <returns>Some sentences.</returns>
    public string Advise(Platform? platform, bool replaces = false)
    {
        if (platform is null)
        {
            return $"See with 'Get-BuildxEmulator {Parameter(Selection, Builder)}' for which platforms the engine has no emulator, and register the one that the program is made for with Register-BuildxEmulator.{Otherwise}";
        }

        var architecture = platform.Architecture;
        var line = $"Register-BuildxEmulator -Platform {architecture}{(replaces ? " -Force" : "")}";
        var again = replaces ? "It registers the emulator again, with the flag F; then build again." : "Then build again.";
        if (Machine.IsHere && Host.IsRoot && IsInstalled(platform))
        {
            return $"Run '{line}'. {again}{Otherwise}";
        }

        if (Machine.HasDocker)
        {
            return $"Run '{line} {Parameter(Selection, Builder)}', which lets the docker daemon there run the image {InstallerImage.Default} with --privileged. {again}{Otherwise}";
        }

        if (Driver == KubernetesDriver.DriverName)
        {
            return $"Run 'Set-BuildxBuilder {Quote(Builder)} -DriverOption qemu.install=true', which registers emulators before the pods start. Then build again.{Otherwise}";
        }

        var where = Machine.IsHere ? "as root on this machine" : $"as root on the machine of the engine ({Machine.Address})";
        return $"Run '{line}' {where}, where a static QEMU must be installed (Debian, Ubuntu: apt install qemu-user-static). {again}{Otherwise}";
    }

    private bool IsInstalled(Platform platform)
        => EmulatedArchitecture.Of(platform) is { } architecture && Interpreters.Find(architecture, Host).Path is not null;

    /// <summary>The parameter that names a builder as the user named it.</summary>
    /// <param name="selection">How that was.</param>
    /// <param name="builder">The builder's name.</param>
    /// <returns>For example <c>-Builder mine</c>.</returns>
    public static string Parameter(BuilderSelection selection, string builder) => selection switch
    {
        { Name: null, DockerHost: { } host } => $"-DockerHost {Quote(host)}",
        { Name: null, Context: { } context } => $"-Context {Quote(context)}",
        _ => $"-Builder {Quote(builder)}",
    };

    /// <summary>A value as an argument of a line that is to be run: of what PowerShell would read, only what is certainly itself stands bare.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The argument.</returns>
    public static string Quote(string value)
        => value.Length > 0 && (char.IsAsciiLetterOrDigit(value[0]) || value[0] == '/') && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/' or ':' or '@')
            ? value
            : $"'{Quotes().Replace(DisplayText.Line(value, 2048), "$0$0")}'";

    // All that PowerShell takes for a single quote.
    [GeneratedRegex("['\u2018\u2019\u201a\u201b]")]
    private static partial Regex Quotes();
}
