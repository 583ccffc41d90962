using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Stress.Sharing;

/// <summary>Importers that misbehave on purpose.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class RogueImporter(ImporterArguments arguments)
{
    // How many buffers the owner exports to a rogue (ShareRogues).
    public const int Buffers = 4;

    private static readonly TimeSpan s_importLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_touch = TimeSpan.FromMilliseconds(5);

    public void Run(RogueKind kind)
    {
        switch (kind)
        {
            case RogueKind.Unread:
                using (BufferImporter.Connect(arguments.Address, Options))
                    Rest("ready", "done");
                break;
            case RogueKind.Garbage:
                SendGarbage();
                break;
            default:
                using (BufferImporter importer = BufferImporter.Connect(arguments.Address, Options))
                    Misbehave(kind, importer);
                break;
        }
    }

    /// <summary>Another process's part: maps what a rogue sends, and keeps it.</summary>
    public static void HoldForOther(string address)
    {
        using FileDescriptor socket = MessageSocket.Create(nonBlocking: false)!;
        if (!MessageSocket.TryConnect(socket, address))
            return;
        PollSet set = new();
        List<(nint, long)> mappings = [];
        List<FileDescriptor> held = [];
        while (true)
        {
            set.Clear();
            set.Add(socket, forReading: true);
            set.Wait(-1);
            long length = 0;
            if (MessageSocket.Receive(socket, new Span<byte>(&length, sizeof(long)), out FileDescriptor? file) != sizeof(long))
                break;
            held.Add(file!);
            mappings.Add(((nint)FileMapping.Map(file!, (nuint)length, writable: false, 0), length));
            ImporterProgram.Say($"mapped {mappings.Count}");
        }

        Touch(mappings);
    }

    private static BufferImporterOptions Options => new() { AcceptRevocable = true };

    private static void Misbehave(RogueKind kind, BufferImporter importer)
    {
        ImporterProgram.Say("ready");
        List<BufferImport> imports = [];
        while (imports.Count < Buffers && importer.TryImport(out BufferImport? import, s_importLimit))
            imports.Add(import);
        switch (kind)
        {
            case RogueKind.Repass:
                Repass(imports);
                break;
            case RogueKind.Fork:
                ImporterProgram.Say($"holder {ForkedHolder.Start()}");
                Rest("done");
                break;
            case RogueKind.Liar:
                Lie(importer, imports);
                break;
            case RogueKind.Raw:
                ImporterProgram.Say("done");
                Touch([.. imports.Where(import => import.Profile == BufferProfile.Revocable).Select(import => ((nint)import.DangerousGetPointer(), import.Length))]);
                break;
            default:
                ImporterProgram.Say("done");
                Touch([.. imports.Where(import => import.Profile != BufferProfile.Revocable).Select(import => ((nint)import.DangerousGetPointer(), import.Length))]);
                break;
        }
    }

    /// <summary>Reads every page again and again: what was a hole is memory again, charged to this process.</summary>
    private static void Touch(IReadOnlyList<(nint Start, long Length)> mappings)
    {
        long sum = 0;
        while (true)
        {
            foreach ((nint start, long length) in mappings)
            {
                for (long at = 0; at < length; at += Environment.SystemPageSize)
                    sum += *(byte*)(start + at);
            }

            Thread.Sleep(s_touch);
            GC.KeepAlive(sum);
        }
    }

    private static void Repass(List<BufferImport> imports)
    {
        string address = $"@magalloc-repass-{Environment.ProcessId}";
        using FileDescriptor listener = MessageSocket.Create(nonBlocking: false)!;
        MessageSocket.TryBind(listener, address);
        MessageSocket.TryListen(listener, 1);

        // It has this process's input and output, which are the owner's: it lives on when this process dies, and ends with the owner.
        ProcessStartInfo start = OwnProgram.Start(typeof(RogueImporter).Assembly, new ImporterArguments(ImporterArguments.Holder, address, 0).ToArray());
        using Process holder = Process.Start(start)!;
        using FileDescriptor connection = MessageSocket.Accept(listener)!;
        foreach (BufferImport import in imports)
        {
            long length = import.Length;
            MessageSocket.TrySend(connection, new ReadOnlySpan<byte>(&length, sizeof(long)), import.File);
        }

        ImporterProgram.Say($"holder {holder.Id}");
        Rest("done");
    }

    private void SendGarbage()
    {
        using FileDescriptor socket = MessageSocket.Create(nonBlocking: false)!;
        if (!MessageSocket.TryConnect(socket, arguments.Address))
            return;
        SharingMessage hello = new() { Kind = MessageKind.Hello, Flags = SharingMessage.AcceptsRevocable, Length = (long)SharingMessage.Version };
        MessageSocket.TrySend(socket, SharingMessage.BytesOf(ref hello));
        ImporterProgram.Say("ready");
        Random random = new((int)arguments.Seed);
        Span<byte> garbage = stackalloc byte[2 * SharingMessage.Bytes];
        for (int i = 0; i < 100; i++)
        {
            random.NextBytes(garbage);
            MessageSocket.TrySend(socket, garbage[..random.Next(1, garbage.Length)]);
        }

        Rest("done");
    }

    private static void Lie(BufferImporter importer, List<BufferImport> imports)
    {
        foreach (BufferImport import in imports)
            importer.TellLetGo(import);
        Rest("done");
    }

    private static void Rest(params string[] words)
    {
        foreach (string word in words)
            ImporterProgram.Say(word);
        Thread.Sleep(Timeout.Infinite);
    }
}
