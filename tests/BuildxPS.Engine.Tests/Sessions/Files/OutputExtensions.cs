using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Sessions.Files;

internal static class OutputExtensions
{
    /// <summary>Does what a build does with an output once the engine reported success.</summary>
    public static async Task PlaceAsync(this IExportOutput output)
    {
        await output.PrepareAsync(CancellationToken.None);
        await output.CommitAsync(CancellationToken.None);
        await output.DisposeAsync();
    }
}
