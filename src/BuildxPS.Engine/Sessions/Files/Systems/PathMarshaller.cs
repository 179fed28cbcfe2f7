using System.Runtime.InteropServices.Marshalling;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Hands paths to the C library as <see cref="NameBytes"/> gives them.</summary>
[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedIn, typeof(ManagedToUnmanagedIn))]
internal static unsafe class PathMarshaller
{
    /// <summary>One argument of one call.</summary>
    public ref struct ManagedToUnmanagedIn
    {
        private byte* _allocated;
        private byte* _bytes;

        /// <summary>Bytes on the stack that short paths go into.</summary>
        public static int BufferSize => 512;

        /// <summary>Takes a path.</summary>
        /// <param name="path">The path.</param>
        /// <param name="buffer">Memory of the caller's stack.</param>
        public void FromManaged(string path, Span<byte> buffer)
        {
            var needed = NameBytes.MaxBytes(path.Length) + 1;
            if (needed > buffer.Length)
            {
                _allocated = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)needed);
                buffer = new Span<byte>(_allocated, needed);
            }

            buffer[NameBytes.Encode(path, buffer)] = 0;
            _bytes = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(buffer));
        }

        /// <summary>Gives the bytes, ended by a zero.</summary>
        /// <returns>A pointer that is valid until <see cref="Free"/>.</returns>
        public readonly byte* ToUnmanaged() => _bytes;

        /// <summary>Frees what was allocated.</summary>
        public readonly void Free() => System.Runtime.InteropServices.NativeMemory.Free(_allocated);
    }
}
