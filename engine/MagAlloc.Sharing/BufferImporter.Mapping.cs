using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <content>What the owner sends is looked at before it is mapped.</content>
public sealed partial class BufferImporter
{
    private unsafe BufferImport Map(in SharingMessage export, FileDescriptor? file)
    {
        BufferProfile profile = (BufferProfile)(export.Flags >> SharingMessage.ProfileShift);
        bool writable = (export.Flags & SharingMessage.Writable) != 0;
        if (!Enum.IsDefined(profile) || export.Length < 1 || (profile == BufferProfile.Revocable && !_options.AcceptRevocable))
        {
            throw new BufferException(BufferError.Invalid, $"{Name}: the owner exported a buffer of {export.Length} bytes with profile {profile}, which is not welcome.");
        }

        int seals = profile switch
        {
            BufferProfile.Stable => MemoryFiles.SealShrink | MemoryFiles.SealGrow,
            BufferProfile.Immutable => MemoryFiles.SealShrink | MemoryFiles.SealGrow | MemoryFiles.SealWrite,
            _ => MemoryFiles.SealGrow,
        };

        RequireSealed(Name, $"buffer {export.Index}", file, seals, profile == BufferProfile.Revocable ? 0 : export.Length);
        RequireLength(in export, file);
        bool? isWritable = MemoryFiles.IsWritable(file);
        if (isWritable is null || (writable && isWritable == false) || (!writable && isWritable == true && profile != BufferProfile.Immutable))
        {
            throw new BufferException(BufferError.Invalid, $"{Name}: buffer {export.Index} was promised for {(writable ? "writing" : "reading")} and is opened otherwise.");
        }

        long page = MemoryFiles.PageBytesOf(file);
        if (page == 0 || export.Length % page != 0)
        {
            throw new BufferException(BufferError.Invalid, $"{Name}: {export.Length} bytes of buffer {export.Index} are no whole pages.");
        }

        if (page != Environment.SystemPageSize && profile != BufferProfile.Revocable && !IsThereForGood(file, profile))
        {
            throw new BufferException(
                BufferError.Invalid,
                $"{Name}: buffer {export.Index} is of reserved huge pages, {(profile == BufferProfile.Stable ? "which the owner can take out" : "not all of which are there")}: "
                + "a touch of one that is missing may be a signal, and the end of this process.");
        }

        long alignment = Math.Max(page, export.Length >= HugePages.TransparentBytes ? HugePages.TransparentBytes : 0);
        byte* mapping = FileSteps.Map(Name, file, (nuint)export.Length, writable, _options.Faults, alignment);
        return new BufferImport(this, file, mapping, in export);
    }

    /// <summary>
    /// A revocable file may have been cut off since it was sent: then it comes revoked, and is no misuse. The owner announces that first, so one that is short
    /// and announced as readable was never as long as promised.
    /// </summary>
    private void RequireLength(in SharingMessage export, FileDescriptor file)
    {
        if ((!MemoryFiles.TryGetStatus(file, out FileStatus status) || status.Bytes < (ulong)export.Length)
            && ControlWord.IsReadable(_view.Read(export.Slot), export.Generation))
        {
            throw new BufferException(BufferError.Invalid, $"{Name}: buffer {export.Index} is not as long as the {export.Length} bytes that were promised.");
        }
    }

    /// <summary>
    /// Whether no touch of a file of reserved huge pages can miss one: a page for a hole comes out of a pool that may be empty. Who can punch it can
    /// make a hole at any time; what is sealed against writing stays as it is, whole or not.
    /// </summary>
    private static bool IsThereForGood(FileDescriptor file, BufferProfile profile)
        => profile == BufferProfile.Immutable && MemoryFiles.TryGetStatus(file, out FileStatus status) && status.ResidentBytes >= (long)status.Bytes;
}
