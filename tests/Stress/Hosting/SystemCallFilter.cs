using System.Runtime.InteropServices;

namespace MagAlloc.Tests.Stress.Hosting;

/// <summary>Makes the kernel refuse a system call to the calling thread and to what it starts, as a container's policy does.</summary>
internal static unsafe partial class SystemCallFilter
{
    private const int NoNewPrivileges = 38;
    private const int SetFilter = 22;
    private const nuint FilterMode = 2;
    private const uint NotPermitted = 1;
    private const uint Refuse = 0x0005_0000;
    private const uint Allow = 0x7FFF_0000;
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort Return = 0x06;

    public static void Deny(uint call)
    {
        Instruction* program = stackalloc Instruction[]
        {
            new() { Code = LoadWord, Operand = 0 },
            new() { Code = JumpIfEqual, IfTrue = 0, IfFalse = 1, Operand = call },
            new() { Code = Return, Operand = Refuse | NotPermitted },
            new() { Code = Return, Operand = Allow },
        };
        Filter filter = new() { Length = 4, Program = program };
        if (Control(NoNewPrivileges, 1, 0, 0, 0) != 0 || Control(SetFilter, FilterMode, (nuint)(&filter), 0, 0) != 0)
            throw new InvalidOperationException($"seccomp: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    private struct Instruction
    {
        public ushort Code;
        public byte IfTrue;
        public byte IfFalse;
        public uint Operand;
    }

    private struct Filter
    {
        public ushort Length;
        public Instruction* Program;
    }
}
