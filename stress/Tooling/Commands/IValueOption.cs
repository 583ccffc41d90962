namespace MagAlloc.Tooling.Commands;

/// <summary>What the error for a missing value needs to know of a <see cref="ValueOption{T}"/>.</summary>
internal interface IValueOption
{
    /// <summary>The accepted values, to follow the word "give".</summary>
    string Accepted { get; }
}
