#!/bin/sh
# A compiler for one statement: writes a program that prints a text, as machine code for the target's processor.
#
#   compile.sh ARCHITECTURE TEXT > PROGRAM
#
# A file in ELF: 64 bytes of header, 56 bytes that say what to load, the code, the text.
set -eu

# u16, u32 and u64 NUMBER: its bytes, the lowest first.
byte() { printf "\\$(printf '%03o' "$1")"; }
u16() { byte $(($1 & 255)); byte $(($1 >> 8 & 255)); }
u32() { u16 $(($1 & 65535)); u16 $(($1 >> 16 & 65535)); }
u64() { u32 $(($1 & 4294967295)); u32 $(($1 >> 32)); }
# bytes NUMBER...: each as one byte.
bytes() { for b in "$@"; do byte "$b"; done; }

text="$2
"
length=${#text}
base=4194304    # where the file is loaded: 0x400000
start=120       # where the code begins in the file

case $1 in
amd64) machine=62 size=33 ;;
arm64) machine=183 size=32 ;;
riscv64) machine=243 size=36 ;;
*)
    echo "compile.sh: there is no code for the architecture '$1'; it knows amd64, arm64 and riscv64" >&2
    exit 2
    ;;
esac
if [ "$length" -gt 2000 ]; then
    echo "compile.sh: the text is longer than 2000 bytes" >&2
    exit 2
fi

# The header: a program of 64 bits, for this machine, entered at the code.
bytes 127 69 76 70 2 1 1 0 0 0 0 0 0 0 0 0
u16 2; u16 $machine; u32 1; u64 $((base + start)); u64 64; u64 0; u32 0; u16 64; u16 56; u16 1; u16 64; u16 0; u16 0
# One segment: the whole file, to be read and run.
u32 1; u32 5; u64 0; u64 $base; u64 $base; u64 $((start + size + length)); u64 $((start + size + length)); u64 4096

# write(1, text, length), then exit(0).
case $1 in
amd64)
    bytes 184; u32 1            # mov eax, 1 (write)
    bytes 191; u32 1            # mov edi, 1
    bytes 72 141 53; u32 16     # lea rsi, [rip + 16] (text)
    bytes 186; u32 "$length"    # mov edx, length
    bytes 15 5                  # syscall
    bytes 184; u32 60           # mov eax, 60 (exit)
    bytes 49 255                # xor edi, edi
    bytes 15 5                  # syscall
    ;;
arm64)
    u32 $((0xd2800020))                     # mov x0, 1
    u32 $((0x100000e1))                     # adr x1, text
    u32 $((0xd2800002 | length << 5))       # mov x2, length
    u32 $((0xd2800808))                     # mov x8, 64 (write)
    u32 $((0xd4000001))                     # svc 0
    u32 $((0xd2800000))                     # mov x0, 0
    u32 $((0xd2800ba8))                     # mov x8, 93 (exit)
    u32 $((0xd4000001))                     # svc 0
    ;;
riscv64)
    u32 $((0x00100513))                     # li a0, 1
    u32 $((0x00000597))                     # auipc a1, 0
    u32 $((0x02058593))                     # addi a1, a1, 32 (text)
    u32 $((0x00000613 | length << 20))      # li a2, length
    u32 $((0x04000893))                     # li a7, 64 (write)
    u32 $((0x00000073))                     # ecall
    u32 $((0x00000513))                     # li a0, 0
    u32 $((0x05d00893))                     # li a7, 93 (exit)
    u32 $((0x00000073))                     # ecall
    ;;
esac
printf '%s' "$text"
