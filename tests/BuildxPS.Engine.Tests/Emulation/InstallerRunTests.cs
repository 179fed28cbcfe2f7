using BuildxPS.Engine.Emulation;
using Docker.DotNet.Models;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class InstallerRunTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(-1, "running", 0, true)]
    [InlineData(60, "exited", 3600, false)]
    [InlineData(null, "running", 36000, false)]
    [InlineData(null, "exited", 3600, true)]
    [InlineData(null, "created", 10, false)]
    public void Containers_that_were_left_are_told_from_those_that_somebody_waits_for(int? left, string state, int age, bool expected)
    {
        var until = left is { } seconds ? (s_now.ToUnixTimeSeconds() + seconds).ToString(System.Globalization.CultureInfo.InvariantCulture) : "0";
        Assert.Equal(expected, InstallerRun.IsStale(Container(until, state, age), s_now));
    }

    [Fact]
    public void What_has_another_label_is_left_alone()
        => Assert.False(InstallerRun.IsStale(Container("soon", "exited", 36000), s_now));

    private static ContainerListResponse Container(string until, string state, int age) => new()
    {
        ID = "x",
        State = state,
        Created = s_now.UtcDateTime.AddSeconds(-age),
        Labels = new Dictionary<string, string> { ["buildxps.emulators.until"] = until },
    };
}
