using BuildxPS.Engine.Tests;
using BuildxPS.Engine.Tests.Builds;
using BuildxPS.Engine.Tests.Drivers.Kubernetes;
using BuildxPS.Engine.Tests.Images;
using BuildxPS.Engine.Tests.Sessions.Files;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

// The tests; or one export in a process of its own, for tests that kill it or run it as another user; or builds in one, for
// tests that look at its memory; or a stand-in of a cluster; or a fake registry, or work on a real one, for tests in PowerShell.
return args switch
{
    [ExportProcess.Verb, .. var rest] => await ExportProcess.RunAsync(rest),
    [StandInProcess.Verb, .. var rest] => await StandInProcess.RunAsync(rest),
    [RegistryProcess.FakeVerb] => await RegistryProcess.ServeFakeAsync(),
    [RegistryProcess.AttachVerb, .. var rest] => await RegistryProcess.AttachAsync(rest),
    [MeasuredBuilds.Verb, .. var rest] => await MeasuredBuilds.RunAsync(rest),
    _ when args.Contains("--server") || args.Contains("--internal-msbuild-node") =>
        await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
    _ => await ConsoleRunner.Run(args),
};
