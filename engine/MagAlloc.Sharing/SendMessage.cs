namespace MagAlloc.Sharing;

/// <summary>Sends a message to an importer.</summary>
/// <param name="peer">The importer.</param>
/// <param name="message">The message.</param>
/// <returns>False when it did not go out.</returns>
internal delegate bool SendMessage(BufferPeer peer, ref SharingMessage message);
