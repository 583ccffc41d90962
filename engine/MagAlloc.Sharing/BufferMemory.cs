using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>A buffer's memory: its file, and the owner's mapping of it.</summary>
/// <remarks>
/// <para>Two descriptions of the file, neither of which ever leaves the process: the first one, through which the owner
/// maps it and which no lease sees, and the <em>oracle</em>, opened again, on which the lease is asked. All others are
/// importers'.</para>
/// <para>Construction is a sequence of fallible steps; <see cref="Close"/> accepts what was only partly built. What
/// takes long (making, dropping pages, closing) is done outside of the queue's lock, by whoever the buffer's
/// <see cref="BufferPhase"/> belongs to.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class BufferMemory
{
    private FileDescriptor? _file;
    private FileDescriptor? _oracle;
    private nuint _mapping;
    private bool _isSealed;

    private BufferMemory(BufferFormat format)
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

    /// <summary>Makes a file with its memory.</summary>
    /// <exception cref="BufferException">A step was refused; nothing is left behind.</exception>
    public static BufferMemory Create(string queue, BufferFormat format, int headroom, FaultPlan? faults)
    {
        BufferMemory memory = new(format);
        try
        {
            memory.Build(queue, headroom, faults);
            return memory;
        }
        catch
        {
            memory.Close();
            throw;
        }
    }

    /// <summary>Whether another description of the file is alive.</summary>
    public LeaseAnswer AskLease(FaultPlan? faults)
        => FileSteps.Fails(faults, FaultPoint.FileLease) ? LeaseAnswer.Refused : MemoryFiles.AskLease(_oracle!);

    /// <summary>A description for an importer; the caller closes it when it is sent.</summary>
    public FileDescriptor OpenFor(string queue, bool writable, FaultPlan? faults) => FileSteps.Reopen(queue, File, writable, faults);

    /// <summary>Makes the contents unchangeable, for the owner as well. Nobody uses the mapping meanwhile.</summary>
    /// <exception cref="BufferException">A step was refused. The buffer is as it was, or vacant until this is done
    /// again.</exception>
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

    /// <summary>
    /// Ends the owner's use of the memory. Whoever does it: once, for the addresses are somebody else's afterwards.
    /// </summary>
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
        // The kernel seals only what nobody has mapped for writing. The addresses stay ours, so that spans over them
        // can be read afterwards.
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

    /// <summary>
    /// The lowest free number is the next one given out: a high one says that few are left, without counting them.
    /// </summary>
    private void RequireHeadroom(string queue, int headroom)
    {
        long limit = MemoryFiles.DescriptorLimit();
        if (File.Number + 1L > limit - headroom)
        {
            throw BufferException.Exceeded(queue, BufferError.TooManyFiles, new QuotaRefusal(BufferQuota.Descriptors, File.Number, limit - headroom, 2));
        }
    }
}
