namespace MagAlloc.Interleaving.Exploration;

/// <summary>A store that its thread sees and no other thread does yet.</summary>
internal unsafe struct HeldStore
{
    public byte* Location;

    /// <summary>1 or 8.</summary>
    public int Width;

    public ulong Value;

    /// <summary>What the others see, while the owner runs.</summary>
    public ulong Hidden;

    /// <summary>A release store: becomes visible in program order among its like.</summary>
    public bool IsRelease;

    public readonly ulong Memory
    {
        get => Width == 1 ? *Location : *(ulong*)Location;
        set
        {
            if (Width == 1)
            {
                *Location = (byte)value;
            }
            else
            {
                *(ulong*)Location = value;
            }
        }
    }
}
