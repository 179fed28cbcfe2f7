using System.Text;
using BuildxPS.Engine.Sessions.Files.Systems;
using CsCheck;

namespace BuildxPS.Engine.Tests.Sessions.Files;

public sealed class NameBytesTests
{
    [Fact]
    public void EveryNameBecomesItsOwnBytesAgain()
        => Gen.Byte.Array[0, 40].Sample(bytes =>
        {
            var text = NameBytes.Decode(bytes);
            var again = new byte[NameBytes.MaxBytes(text.Length)];
            Assert.Equal(bytes, again[..NameBytes.Encode(text, again)]);
        });

    [Fact]
    public void TextThatIsUtf8StaysAsItIs()
        => Gen.String.Sample(text =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var name = NameBytes.Decode(bytes);
            Assert.Equal(Encoding.UTF8.GetString(bytes), name);
            Assert.False(NameBytes.IsRaw(name));
        });

    [Fact]
    public void ABadByteBecomesALoneSurrogate()
    {
        Assert.Equal("a\uDCFF", NameBytes.Decode([0x61, 0xFF]));
        Assert.Equal("\uDCC3", NameBytes.Decode([0xC3]));
        // A surrogate in what would be UTF-8 is none.
        Assert.Equal("\uDCED\uDCB2\uDC80", NameBytes.Decode([0xED, 0xB2, 0x80]));
        Assert.True(NameBytes.IsRaw("a\uDCFF"));
    }
}
