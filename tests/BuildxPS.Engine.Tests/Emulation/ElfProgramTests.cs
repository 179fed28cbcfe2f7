using BuildxPS.Engine.Emulation;
using CsCheck;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class ElfProgramTests
{
    [Theory]
    [InlineData("amd64")]
    [InlineData("arm")]
    [InlineData("s390x")]
    public void A_program_tells_its_processor(string architecture)
    {
        var program = ElfProgram.Read(new MemoryStream(ElfFiles.Static(architecture)));

        Assert.Equal(architecture, program.Architecture?.Name);
        Assert.False(program.IsDynamic);
    }

    [Fact]
    public void A_program_that_names_a_loader_is_not_static() => Assert.True(ElfProgram.Read(new MemoryStream(ElfFiles.Dynamic())).IsDynamic);

    [Fact]
    public void What_is_no_program_is_refused_with_a_reason()
    {
        Assert.Contains("not an ELF file", Problem("#!/bin/sh\necho hello and more of it"u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("not an ELF file", Problem([]), StringComparison.Ordinal);
        Assert.Contains("damaged", Problem(ElfFiles.Static()[..40]), StringComparison.Ordinal);
        Assert.Contains("not a program", Problem(With(16, 1)), StringComparison.Ordinal);
        Assert.Contains("start", Problem(WithoutEntry()), StringComparison.Ordinal);
        Assert.Contains("damaged", Problem(With(4, 7)), StringComparison.Ordinal);
        Assert.Contains("damaged", Problem(With(56, 0xff)), StringComparison.Ordinal);
        Assert.Contains("damaged", Problem(With(39, 0xff)), StringComparison.Ordinal);
        Assert.Contains("damaged", Problem(With(54, 0)), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
        => Gen.Select(Gen.Byte.Array[0, 200], Gen.Bool).Sample((bytes, isElf) =>
        {
            if (isElf)
            {
                ElfFiles.Static()[..Math.Min(6, bytes.Length)].CopyTo(bytes.AsSpan());
            }

            try
            {
                ElfProgram.Read(new MemoryStream(bytes));
            }
            catch (InvalidDataException)
            {
                // Refused.
            }
        });

    private static string Problem(byte[] file) => Assert.Throws<InvalidDataException>(() => ElfProgram.Read(new MemoryStream(file))).Message;

    private static byte[] WithoutEntry()
    {
        var file = ElfFiles.Static();
        file.AsSpan(24, 8).Clear();
        return file;
    }

    private static byte[] With(int position, byte value)
    {
        var file = ElfFiles.Static();
        file[position] = value;
        return file;
    }
}
