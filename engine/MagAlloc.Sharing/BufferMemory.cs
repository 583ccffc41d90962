using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>A buffer: its file, the owner's mapping of it, and what the queue knows of it.</summary>
/// <remarks>
/// <para>Two descriptions of the file, neither of which ever leaves the process: the first one, through which the owner maps it and which
/// no lease sees, and the <em>oracle</em>, opened again, on which the lease is asked. All others are importers'.</para>
/// <para>Construction is a sequence of fallible steps; <see cref="Close"/> accepts what was only partly built. State is guarded by the queue's
/// lock; what takes long (making, dropping pages, closing) is done outside of it by whoever moved <see cref="Phase"/>.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class SharedBuffer
{
    private FileDescriptor? _file;
    private FileDescriptor? _oracle;
    private nuint _mapping;
    private bool _isSealed;

    private SharedBuffer(BufferFormat format)
    {
        Format = format;
    }

    public BufferFormat Format { get; }

    public long Bytes => Format.Bytes;

    public FileDescriptor File => _file!;

    /// <summary>Where the owner has it mapped; null once it was released.</summary>
    public byte* Mapping => (byte*)Atomic.Load(ref _mapping);

    public bool HasHugePages { get; private set; }

    public bool IsFrozen { get; private set; }

    /// <summary>Its mapping is being changed, outside of the lock.</summary>
    public bool IsFreezing { get; set; }

    /// <summary>A freezing was refused half-way: the owner's addresses lead nowhere until it is done again.</summary>
    public bool IsVacant { get; private set; }

    public BufferPhase Phase { get; set; }

    /// <summary>In the queue while it is live; after that in messages only.</summary>
    public int Index { get; set; }

    /// <summary>Place on the control page, kept until it is reclaimed.</summary>
    public int Slot { get; set; }

    public uint Generation { get; set; }

    public BufferState State { get; set; }

    public long Sequence { get; set; }

    /// <summary>When the owner queued it.</summary>
    public long QueuedAt { get; set; }

    /// <summary>What importers are told, however many have acknowledged it already.</summary>
    public long QueuedBytes { get; set; }

    /// <summary>What the owner gets back: an importer that may write can have changed it.</summary>
    public long BytesUsed { get; set; }

    public bool IsLast { get; set; }

    /// <summary>Importers that have the frame, or are promised it, and have not acknowledged it.</summary>
    public int Pending { get; set; }

    /// <summary>One of them never will.</summary>
    public bool HasFailed { get; set; }

    /// <summary>The frame was nobody's.</summary>
    public bool IsSkipped { get; set; }

    public List<Claim> Claims { get; } = [];

    /// <summary>Nobody else can hold what was never exported: no need to ask.</summary>
    public bool WasExported { get; set; }

    /// <summary>It was held when an importer left: perhaps by that one still, or by whom it passed it on to, and not by those who have claims.</summary>
    public bool HasStrays { get; set; }

    /// <summary>An importer had it and the lease did not see it: what the lease says of it is worth nothing.</summary>
    public bool IsUntracked { get; set; }

    /// <summary>Number at the watcher; -1: not watched.</summary>
    public int Watch { get; set; } = -1;

    /// <summary>Duplicates of the dma-bufs over it. Stable buffers only.</summary>
    public List<FileDescriptor> DmaBufs { get; } = [];

    /// <summary>Its pages can be dropped, for the kernel allows it and no driver has them.</summary>
    public bool IsRevocable => Format.Profile != BufferProfile.Immutable && DmaBufs.Count == 0;

    /// <summary>Uses of the owner's mapping that must end before it is unmapped.</summary>
    public int Pins { get; set; }

    /// <summary>It was held when it was released.</summary>
    public bool WasOrphan { get; set; }

    /// <summary>It has not been revoked.</summary>
    public bool HasPages { get; set; } = true;

    public long ReleasedAt { get; set; }

    /// <summary>The system refused to drop its pages; not to be tried again before.</summary>
    public long RetryAt { get; set; }

    /// <summary>When its pages are dropped if it is still held then; <see cref="long.MaxValue"/>: never.</summary>
    public long RevokeAt { get; set; } = long.MaxValue;

    /// <summary>Makes a buffer with its memory.</summary>
    /// <exception cref="BufferException">A step was refused; nothing is left behind.</exception>
    public static SharedBuffer Create(string queue, BufferFormat format, int headroom, FaultPlan? faults)
    {
        SharedBuffer buffer = new(format);
        try
        {
            buffer.Build(queue, headroom, faults);
            return buffer;
        }
        catch
        {
            buffer.Close();
            throw;
        }
    }

    /// <summary>Whether another description of the file is alive.</summary>
    public LeaseAnswer AskLease(FaultPlan? faults)
        => FileSteps.Fails(faults, FaultPoint.FileLease) ? LeaseAnswer.Refused : MemoryFiles.AskLease(_oracle!);

    /// <summary>A description for an importer; the caller closes it when it is sent.</summary>
    public FileDescriptor OpenFor(string queue, bool writable, FaultPlan? faults) => FileSteps.Reopen(queue, File, writable, faults);

    /// <summary>Makes the contents unchangeable, for the owner as well. Nobody uses the mapping meanwhile.</summary>
    /// <exception cref="BufferException">A step was refused. The buffer is as it was, or vacant until this is done again.</exception>
    public void Freeze(string queue, FaultPlan? faults)
    {
        if (!_isSealed)
        {
            Seal(queue, faults);
        }

        if (FileSteps.Fails(faults, FaultPoint.FileMap) || !FileMapping.TryMapReadOnlyAt(Mapping, (nuint)Bytes, File))
        {
            throw BufferException.LastRefused(queue, "mmap");
        }

        IsVacant = false;
        IsFrozen = true;
    }

    /// <summary>Drops the pages, whoever holds the file.</summary>
    /// <returns>False when the system refused.</returns>
    public bool TryDropPages(FaultPlan? faults)
    {
        if (FileSteps.Fails(faults, FaultPoint.HolePunch) || !MemoryFiles.TryPunch(File, Bytes))
        {
            return false;
        }

        // For good: what is behind the end of a file cannot be brought back.
        return Format.Profile != BufferProfile.Revocable || (!FileSteps.Fails(faults, FaultPoint.HolePunch) && MemoryFiles.TrySetLength(File, 0));
    }

    /// <summary>Memory behind the file, in bytes.</summary>
    public long ResidentBytes() => MemoryFiles.TryGetStatus(File, out FileStatus status) ? status.ResidentBytes : 0;

    /// <summary>Ends the owner's use of the memory. Whoever does it: once, for the addresses are somebody else's afterwards.</summary>
    public void Unmap()
    {
        nuint mapping = Atomic.Exchange(ref _mapping, (nuint)0);
        if (mapping != 0)
        {
            FileMapping.TryUnmap((byte*)mapping, (nuint)Bytes);
        }
    }

    /// <summary>Lets go of everything. Idempotent.</summary>
    public void Close()
    {
        Unmap();
        DmaBufs.ForEach(dmaBuf => dmaBuf.Dispose());
        _oracle?.Dispose();
        _file?.Dispose();
    }

    private void Build(string queue, int headroom, FaultPlan? faults)
    {
        _file = FileSteps.Create(queue, queue, Format.Pages == BufferPages.ReservedHuge, faults);
        RequireHeadroom(queue, headroom);
        FileSteps.SetLength(queue, _file, Bytes, faults);
        FileSteps.Fill(queue, _file, Bytes, faults);
        _oracle = FileSteps.Reopen(queue, _file, writable: true, faults);
        _mapping = (nuint)FileSteps.Map(queue, _file, (nuint)Bytes, writable: true, faults, Format.PageBytes);
        HasHugePages = Format.Pages == BufferPages.ReservedHuge
            || (Format.Pages == BufferPages.TransparentHuge && FileMapping.TryCollapse(Mapping, (nuint)Bytes));

        // An immutable one gets its last seals when it is frozen.
        int seals = Format.Profile switch
        {
            BufferProfile.Stable => MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealSeals,
            BufferProfile.Revocable => MemoryFiles.SealGrow | MemoryFiles.SealSeals,
            _ => MemoryFiles.SealShrink | MemoryFiles.SealGrow,
        };
        FileSteps.Seal(queue, _file, seals, faults);
    }

    private void Seal(string queue, FaultPlan? faults)
    {
        // The kernel seals only what nobody has mapped for writing. The addresses stay ours, so that spans over them can be read afterwards.
        if (FileSteps.Fails(faults, FaultPoint.FileMap) || !FileMapping.TryVacate(Mapping, (nuint)Bytes))
        {
            throw BufferException.LastRefused(queue, "mmap");
        }

        IsVacant = true;
        try
        {
            FileSteps.Seal(queue, File, MemoryFiles.SealWrite | MemoryFiles.SealSeals, faults);
            _isSealed = true;
        }
        catch (BufferException)
        {
            IsVacant = !FileMapping.TryMapAt(Mapping, (nuint)Bytes, File);
            throw;
        }
    }

    /// <summary>The lowest free number is the next one given out: a high one says that few are left, without counting them.</summary>
    private void RequireHeadroom(string queue, int headroom)
    {
        long limit = MemoryFiles.DescriptorLimit();
        if (File.Number + 1L > limit - headroom)
        {
            throw BufferException.Exceeded(queue, BufferError.TooManyFiles, new QuotaRefusal(BufferQuota.Descriptors, File.Number, limit - headroom, 2));
        }
    }
}
