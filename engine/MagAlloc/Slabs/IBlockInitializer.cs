namespace MagAlloc.Slabs;

/// <summary>Prepares a block the first time it leaves its slab after its memory was committed.</summary>
internal interface IBlockInitializer
{
    void Initialize(nuint block);
}
