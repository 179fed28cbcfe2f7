using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class UnixFileModesTests
{
    [Theory]
    [InlineData(0x81A4u, 0x1A4u)]
    [InlineData(0x8FFFu, 0x00D001FFu)]
    [InlineData(0x41EDu, 0x800001EDu)]
    [InlineData(0xA1FFu, 0x080001FFu)]
    [InlineData(0x11A4u, 0x020001A4u)]
    [InlineData(0x21B6u, 0x042001B6u)]
    [InlineData(0x61B0u, 0x040001B0u)]
    public void Unix_modes_go_both_ways(uint unix, uint protocol)
    {
        Assert.Equal((FileEntryMode)protocol, UnixFileModes.FromUnix(unix));
        Assert.Equal(unix, UnixFileModes.ToUnix((FileEntryMode)protocol));
    }

    [Fact]
    public void A_socket_is_told_apart()
    {
        Assert.Equal((FileEntryMode)0x010001ED, UnixFileModes.FromUnix(0xC1ED));
    }

    [Theory]
    [InlineData(FileAttributes.Normal, false, 0x1EDu)]
    [InlineData(FileAttributes.ReadOnly, false, 0x16Du)]
    [InlineData(FileAttributes.Directory, false, 0x800001EDu)]
    [InlineData(FileAttributes.Directory | FileAttributes.ReparsePoint, true, 0x080001EDu)]
    public void Windows_files_arrive_executable_and_writable_by_their_owner_only(FileAttributes attributes, bool isLink, uint expected)
    {
        Assert.Equal((FileEntryMode)expected, UnixFileModes.FromWindows(attributes, isLink));
    }
}
