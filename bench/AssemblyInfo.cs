using System.Runtime.CompilerServices;

// Every native call passes blittable arguments only. Saying so keeps marshalling stubs out of what is measured.
[assembly: DisableRuntimeMarshalling]
