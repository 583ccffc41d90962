namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>
/// A red-black tree of disjoint ranges with parent links, as the kernel's: no node is red and has a red child, and every way from
/// the root to a missing child meets the same number of black nodes. Its highest node, the anchor, is in it from the start and
/// stays. Used under the lock of its domain.
/// </summary>
internal sealed class KernelTree
{
    private KernelNode _root;

    public KernelTree(KernelNode anchor) => _root = anchor;

    public KernelNode Root => _root;

    /// <summary>The next lower range; null below the lowest.</summary>
    public static KernelNode? Previous(KernelNode node)
    {
        if (node.Left is { } at)
        {
            while (at.Right is { } right)
                at = right;
            return at;
        }

        KernelNode? parent = node.Parent;
        while (parent is not null && parent.Left == node)
        {
            node = parent;
            parent = node.Parent;
        }

        return parent;
    }

    /// <summary>The next higher range; null above the anchor.</summary>
    public static KernelNode? Next(KernelNode node)
    {
        if (node.Right is { } at)
            return Lowest(at);
        KernelNode? parent = node.Parent;
        while (parent is not null && parent.Right == node)
        {
            node = parent;
            parent = node.Parent;
        }

        return parent;
    }

    /// <summary>The range that holds the pfn, or null.</summary>
    public KernelNode? Find(ulong pfn)
    {
        KernelNode? at = _root;
        while (at is not null && (pfn < at.First || pfn > at.Last))
            at = pfn < at.First ? at.Left : at.Right;
        return at;
    }

    /// <summary>The lowest range that ends at the pfn or above it: the anchor at the latest.</summary>
    public KernelNode LowestEndingAtOrAbove(ulong pfn)
    {
        KernelNode? found = null;
        for (KernelNode? at = _root; at is not null;)
        {
            if (at.Last >= pfn)
            {
                found = at;
                at = at.Left;
            }
            else
            {
                at = at.Right;
            }
        }

        return found!;
    }

    /// <summary>Links a range in, right below <paramref name="next"/>.</summary>
    public void InsertBefore(KernelNode node, KernelNode next)
    {
        KernelNode parent = next;
        if (next.Left is not { } at)
        {
            next.Left = node;
        }
        else
        {
            while (at.Right is { } right)
                at = right;
            at.Right = node;
            parent = at;
        }

        node.Parent = parent;
        node.Left = null;
        node.Right = null;
        node.IsRed = true;
        BalanceAfterInsert(node);
    }

    public void Remove(KernelNode node)
    {
        KernelNode? child;
        KernelNode? parent;
        bool wasRed;
        if (node.Left is null || node.Right is null)
        {
            child = node.Left ?? node.Right;
            parent = node.Parent;
            wasRed = node.IsRed;
            Replace(node, child);
        }
        else
        {
            // The next higher range has no left child: it leaves its place and takes that of the node.
            KernelNode heir = Lowest(node.Right);
            child = heir.Right;
            wasRed = heir.IsRed;
            parent = heir;
            if (heir.Parent != node)
            {
                parent = heir.Parent;
                Replace(heir, child);
                heir.Right = node.Right;
                heir.Right.Parent = heir;
            }

            Replace(node, heir);
            heir.Left = node.Left;
            heir.Left.Parent = heir;
            heir.IsRed = node.IsRed;
        }

        if (!wasRed)
            BalanceAfterRemove(child, parent);
    }

    private static bool IsRed(KernelNode? node) => node is { IsRed: true };

    private static KernelNode Lowest(KernelNode node)
    {
        while (node.Left is { } left)
            node = left;
        return node;
    }

    private void BalanceAfterInsert(KernelNode node)
    {
        while (node.Parent is { IsRed: true } parent)
        {
            // A red node is not the root.
            KernelNode grandparent = parent.Parent!;
            bool left = grandparent.Left == parent;
            KernelNode? uncle = left ? grandparent.Right : grandparent.Left;
            if (IsRed(uncle))
            {
                parent.IsRed = false;
                uncle!.IsRed = false;
                grandparent.IsRed = true;
                node = grandparent;
                continue;
            }

            if (node == (left ? parent.Right : parent.Left))
            {
                Rotate(parent, toLeft: left);
                parent = node;
            }

            parent.IsRed = false;
            grandparent.IsRed = true;
            Rotate(grandparent, toLeft: !left);
            break;
        }

        _root.IsRed = false;
    }

    // One black node is missing on every way through the child.
    private void BalanceAfterRemove(KernelNode? child, KernelNode? parent)
    {
        while (child != _root && !IsRed(child))
        {
            bool left = parent!.Left == child;
            KernelNode sibling = (left ? parent.Right : parent.Left)!;
            if (sibling.IsRed)
            {
                sibling.IsRed = false;
                parent.IsRed = true;
                Rotate(parent, toLeft: left);
                sibling = (left ? parent.Right : parent.Left)!;
            }

            KernelNode? near = left ? sibling.Left : sibling.Right;
            KernelNode? far = left ? sibling.Right : sibling.Left;
            if (!IsRed(near) && !IsRed(far))
            {
                sibling.IsRed = true;
                child = parent;
                parent = child.Parent;
                continue;
            }

            if (!IsRed(far))
            {
                near!.IsRed = false;
                sibling.IsRed = true;
                Rotate(sibling, toLeft: !left);
                far = sibling;
                sibling = near;
            }

            sibling.IsRed = parent.IsRed;
            parent.IsRed = false;
            far!.IsRed = false;
            Rotate(parent, toLeft: left);
            return;
        }

        child?.IsRed = false;
    }

    private void Rotate(KernelNode node, bool toLeft)
    {
        KernelNode riser = (toLeft ? node.Right : node.Left)!;
        KernelNode? middle = toLeft ? riser.Left : riser.Right;
        Replace(node, riser);
        if (toLeft)
        {
            riser.Left = node;
            node.Right = middle;
        }
        else
        {
            riser.Right = node;
            node.Left = middle;
        }

        node.Parent = riser;
        middle?.Parent = node;
    }

    // The anchor never leaves, so the root is never replaced by nothing.
    private void Replace(KernelNode node, KernelNode? by)
    {
        if (node.Parent is not { } parent)
            _root = by!;
        else if (parent.Left == node)
            parent.Left = by;
        else
            parent.Right = by;
        by?.Parent = node.Parent;
    }
}
