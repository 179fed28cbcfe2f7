using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Emulation;

/// <content>What keeps this machine from having an emulator, and what helps.</content>
public sealed partial class LocalEmulators
{
    private void RequireLinux(string line)
    {
        if (!_host.IsLinux)
        {
            var builder = FindBuilder();
            var where = builder is { } found ? $"the engine of the builder '{found.Name}' is at {found.Address}" : "the configuration does not tell where the builder's engine is";
            var advice = builder is { } named
                ? $"Name the builder: Get-BuildxEmulator -Builder {EmulatorSite.Quote(named.Name)} lists what it runs, {line} -Builder {EmulatorSite.Quote(named.Name)} does this on its engine's machine."
                : "Name a builder with -Builder; Get-BuildxBuilder lists them.";
            throw new BuildxException(
                BuildxFailure.EmulationUnavailable,
                $"This machine runs {_host.System}. Emulators belong to the Linux kernel that runs the containers: {where}.",
                advice);
        }
    }

    private void RequireKernel()
    {
        if (_host.Kernel < s_fixesInterpreter)
        {
            throw new BuildxException(
                BuildxFailure.EmulationUnavailable,
                $"This machine's kernel is {_host.Kernel}: containers can use emulators since {s_fixesInterpreter}, which brought the flag F.",
                "Use a newer kernel, or build on a node of that processor (Add-BuildxNode).");
        }
    }

    private void RequireRoot(string what, string line)
    {
        if (!_host.IsRoot)
        {
            throw new BuildxException(
                BuildxFailure.EmulationDenied,
                $"Only root may {what} emulators: they are for the whole machine.",
                $"Run PowerShell as root (sudo pwsh), or {ByDaemon(line)}.");
        }
    }

    private string ByDaemon(string line) => FindBuilder() is { } builder
        ? $"let the docker daemon of the builder do it: {line} -Builder {EmulatorSite.Quote(builder.Name)}"
        : "let the docker daemon of a builder do it, named with -Builder";

    private (string Name, string Address)? FindBuilder()
    {
        try
        {
            var builder = new BuilderCatalog(_environment).FindLocal(new BuilderSelection());
            var endpoint = builder.Nodes is [var node, ..] ? node.Endpoint : "";
            return (builder.Name, builder.IsContext ? new ContextCatalog(_environment).Resolve(new BuilderSelection()).Endpoint?.Address ?? endpoint : endpoint);
        }
        catch (BuildxException)
        {
            return null;
        }
    }

    private BuildxException Exists(Platform platform, List<BinfmtEntry> registered)
    {
        var isOn = _host.Table.IsSwitchedOn;
        var entry = registered.Find(e => e.IsEnabled && e.WorksInContainers) ?? registered[0];
        var what = $"An emulator for {platform} is registered already: {DisplayText.Line(entry.Name, 100)} ({DisplayText.Line(entry.Interpreter)}, flags {DisplayText.Line(entry.Flags, 20)})";
        var line = $"Register-BuildxEmulator -Platform {platform.Architecture} -Force";
        return entry is { IsEnabled: true, WorksInContainers: true }
            ? new BuildxException(
                BuildxFailure.EmulatorExists,
                isOn ? $"{what}." : $"{what}; binfmt_misc as a whole is switched off.",
                isOn ? $"Nothing is to be done; '{line}' replaces it." : $"Switch binfmt_misc on: echo 1 > {_host.Table.Folder}/status.")
            : new BuildxException(
                BuildxFailure.EmulatorExists,
                $"{what}, {(entry.IsEnabled ? "without the flag F, so that containers cannot use it" : "and it is switched off")}.",
                $"Replace it: '{line}'.");
    }

    private string FindInterpreter(EmulatedArchitecture architecture)
    {
        var (path, problems) = Interpreters.Find(architecture, _host);
        if (path is not null)
        {
            return path;
        }

        var others = $"name one with -Interpreter, or {ByDaemon($"Register-BuildxEmulator -Platform {architecture.Name}")}.";
        return problems.Count > 0
            ? throw new BuildxException(
                BuildxFailure.InterpreterInvalid,
                $"No installed QEMU can be used in containers for linux/{architecture.Name}: {string.Join("; ", problems)}.",
                $"Install the static one (Debian, Ubuntu: apt install qemu-user-static), {others}")
            : throw new BuildxException(
                BuildxFailure.InterpreterNotFound,
                $"No QEMU for linux/{architecture.Name} is installed on this machine: neither {string.Join(" nor ", Interpreters.Names(architecture))} is in PATH or the usual folders.",
                $"Install it (Debian, Ubuntu: apt install qemu-user-static), {others}");
    }

    private string CheckInterpreter(string path)
    {
        if (!File.Exists(path))
        {
            throw new BuildxException(BuildxFailure.InterpreterNotFound, $"There is no interpreter '{DisplayText.Line(path)}'.", "Give -Interpreter the path of a static QEMU of this machine, or leave it out to use an installed one.");
        }

        return Interpreters.FindProblem(path, _host.Own) is { } problem
            ? throw new BuildxException(
                BuildxFailure.InterpreterInvalid,
                $"The interpreter '{DisplayText.Line(path)}' cannot be used: {problem}.",
                "Give -Interpreter the path of a static QEMU for this machine's processor (Debian, Ubuntu: the package qemu-user-static).")
            : path;
    }

    private static BuildxException Refused(string what, Exception inner) => inner is UnauthorizedAccessException
        ? new BuildxException(
            BuildxFailure.EmulationDenied,
            $"The kernel {what}: {DisplayText.Line(inner.Message)}",
            "Run this as root of the machine; in a container, it takes one that was started with --privileged.",
            inner)
        : new BuildxException(
            BuildxFailure.EmulationUnavailable,
            $"The kernel {what}: {DisplayText.Line(inner.Message)}",
            "See the kernel's words in the message; in a container /proc may be mounted read-only, which takes one that was started with --privileged.",
            inner);
}
