/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of every structure, checked at compile time. A part of kmt/d3dkmt.h. */
#ifndef NTF_KMT_D3DKMT_LAYOUT_H
#define NTF_KMT_D3DKMT_LAYOUT_H

/* ---- Layout checks ----------------------------------------------------------------------------
 * NTF_LAYOUT(structure, size on 64 bits, size on 32 bits, AT(field, offset on 64, offset on 32)...)
 * Dead code: a function only gives "self" a scope. tests/kmt/abi.c says the same from other tables.
 */

#define NTF_PICK(on64, on32) (sizeof(void *) == 8 ? (on64) : (on32))
#define NTF_LAYOUT(type, size64, size32, fields)                                   \
    static inline void ntf_layout_##type(void)                                     \
    {                                                                              \
        typedef type self;                                                         \
        _Static_assert(sizeof(self) == NTF_PICK(size64, size32), #type);           \
        fields                                                                     \
    }
#define AT(field, at64, at32) \
    _Static_assert(offsetof(self, field) == NTF_PICK(at64, at32), #field);

NTF_LAYOUT(ntf_luid, 8, 8,
           AT(LowPart, 0, 0) AT(HighPart, 4, 4))
NTF_LAYOUT(ntf_unicode_string, 16, 8,
           AT(Length, 0, 0) AT(MaximumLength, 2, 2) AT(Buffer, 8, 4))
NTF_LAYOUT(ntf_object_attributes, 48, 24,
           AT(Length, 0, 0) AT(RootDirectory, 8, 4) AT(ObjectName, 16, 8) AT(Attributes, 24, 12)
           AT(SecurityDescriptor, 32, 16) AT(SecurityQualityOfService, 40, 20))
NTF_LAYOUT(D3DKMT_OPENADAPTERFROMLUID, 12, 12,
           AT(AdapterLuid, 0, 0) AT(hAdapter, 8, 8))
NTF_LAYOUT(D3DKMT_ADAPTERINFO, 20, 20,
           AT(hAdapter, 0, 0) AT(AdapterLuid, 4, 4) AT(NumOfSources, 12, 12)
           AT(bPrecisePresentRegionsPreferred, 16, 16))
NTF_LAYOUT(D3DKMT_ENUMADAPTERS2, 16, 8,
           AT(NumAdapters, 0, 0) AT(pAdapters, 8, 4))
NTF_LAYOUT(D3DKMT_CLOSEADAPTER, 4, 4,
           AT(hAdapter, 0, 0))
NTF_LAYOUT(D3DKMT_CREATEDEVICE, 64, 36,
           AT(hAdapter, 0, 0) AT(pAdapter, 0, 0) AT(Flags, 8, 4) AT(hDevice, 12, 8)
           AT(pCommandBuffer, 16, 12) AT(CommandBufferSize, 24, 16) AT(pAllocationList, 32, 20)
           AT(AllocationListSize, 40, 24) AT(pPatchLocationList, 48, 28)
           AT(PatchLocationListSize, 56, 32))
NTF_LAYOUT(D3DKMT_DESTROYDEVICE, 4, 4,
           AT(hDevice, 0, 0))
NTF_LAYOUT(D3DKMT_QUERYADAPTERINFO, 24, 16,
           AT(hAdapter, 0, 0) AT(Type, 4, 4) AT(pPrivateDriverData, 8, 8)
           AT(PrivateDriverDataSize, 16, 12))
NTF_LAYOUT(D3DKMT_WDDM_3_1_CAPS, 4, 4,
           AT(Value, 0, 0))
NTF_LAYOUT(D3DKMT_ISFEATUREENABLED, 12, 12,
           AT(hAdapter, 0, 0) AT(FeatureId, 4, 4) AT(Result, 8, 8) AT(Result.Version, 8, 8)
           AT(Result.Value, 10, 10))
NTF_LAYOUT(D3DDDI_SYNCHRONIZATIONOBJECTINFO, 68, 68,
           AT(Type, 0, 0) AT(SynchronizationMutex.InitialState, 4, 4) AT(Semaphore.MaxCount, 4, 4)
           AT(Semaphore.InitialCount, 8, 8) AT(Reserved, 4, 4))
NTF_LAYOUT(D3DKMT_CREATESYNCHRONIZATIONOBJECT, 76, 76,
           AT(hDevice, 0, 0) AT(Info, 4, 4) AT(hSyncObject, 72, 72))
NTF_LAYOUT(D3DDDI_SYNCHRONIZATIONOBJECTINFO2, 80, 80,
           AT(Type, 0, 0) AT(Flags, 4, 4) AT(SynchronizationMutex.InitialState, 8, 8)
           AT(Semaphore.MaxCount, 8, 8) AT(Semaphore.InitialCount, 12, 12)
           AT(Fence.FenceValue, 8, 8) AT(CPUNotification.Event, 8, 8)
           AT(MonitoredFence.InitialFenceValue, 8, 8)
           AT(MonitoredFence.FenceValueCPUVirtualAddress, 16, 16)
           AT(MonitoredFence.FenceValueGPUVirtualAddress, 24, 24)
           AT(MonitoredFence.EngineAffinity, 32, 32) AT(MonitoredFence.Padding, 36, 36)
           AT(PeriodicMonitoredFence.hAdapter, 8, 8)
           AT(PeriodicMonitoredFence.VidPnTargetId, 12, 12)
           AT(PeriodicMonitoredFence.Time, 16, 16)
           AT(PeriodicMonitoredFence.FenceValueCPUVirtualAddress, 24, 24)
           AT(PeriodicMonitoredFence.FenceValueGPUVirtualAddress, 32, 32)
           AT(PeriodicMonitoredFence.EngineAffinity, 40, 40)
           AT(PeriodicMonitoredFence.Padding, 44, 44) AT(Reserved, 8, 8) AT(SharedHandle, 72, 72))
NTF_LAYOUT(D3DKMT_CREATESYNCHRONIZATIONOBJECT2, 96, 96,
           AT(hDevice, 0, 0) AT(Info, 8, 8) AT(hSyncObject, 88, 88))
NTF_LAYOUT(D3DKMT_DESTROYSYNCHRONIZATIONOBJECT, 4, 4,
           AT(hSyncObject, 0, 0))
NTF_LAYOUT(D3DKMT_OPENSYNCHRONIZATIONOBJECT, 72, 72,
           AT(hSharedHandle, 0, 0) AT(hSyncObject, 4, 4) AT(Reserved, 8, 8))
NTF_LAYOUT(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE, 16, 8,
           AT(hNtHandle, 0, 0) AT(hSyncObject, 8, 4))
NTF_LAYOUT(D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2, 88, 80,
           AT(hNtHandle, 0, 0) AT(hDevice, 8, 4) AT(Flags, 12, 8) AT(hSyncObject, 16, 12)
           AT(MonitoredFence.FenceValueCPUVirtualAddress, 24, 16)
           AT(MonitoredFence.FenceValueGPUVirtualAddress, 32, 24)
           AT(MonitoredFence.EngineAffinity, 40, 32) AT(Reserved, 24, 16))
NTF_LAYOUT(D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME, 24, 12,
           AT(dwDesiredAccess, 0, 0) AT(pObjAttrib, 8, 4) AT(hNtHandle, 16, 8))
NTF_LAYOUT(D3DKMT_OPENNTHANDLEFROMNAME, 24, 12,
           AT(dwDesiredAccess, 0, 0) AT(pObjAttrib, 8, 4) AT(hNtHandle, 16, 8))
NTF_LAYOUT(D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU, 40, 24,
           AT(hDevice, 0, 0) AT(ObjectCount, 4, 4) AT(ObjectHandleArray, 8, 8)
           AT(FenceValueArray, 16, 12) AT(hAsyncEvent, 24, 16) AT(Flags, 32, 20))
NTF_LAYOUT(D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU, 32, 20,
           AT(hDevice, 0, 0) AT(ObjectCount, 4, 4) AT(ObjectHandleArray, 8, 8)
           AT(FenceValueArray, 16, 12) AT(Flags, 24, 16))
NTF_LAYOUT(D3DDDI_ALLOCATIONINFO, 40, 24,
           AT(hAllocation, 0, 0) AT(pSystemMem, 8, 4) AT(pPrivateDriverData, 16, 8)
           AT(PrivateDriverDataSize, 24, 12) AT(VidPnSourceId, 28, 16) AT(Flags, 32, 20))
NTF_LAYOUT(D3DDDI_ALLOCATIONINFO2, 96, 56,
           AT(hAllocation, 0, 0) AT(hSection, 8, 4) AT(pSystemMem, 8, 4)
           AT(pPrivateDriverData, 16, 8) AT(PrivateDriverDataSize, 24, 12)
           AT(VidPnSourceId, 28, 16) AT(Flags, 32, 20) AT(GpuVirtualAddress, 40, 24)
           AT(Priority, 48, 32) AT(Unused, 48, 32) AT(Reserved, 56, 36))
NTF_LAYOUT(D3DKMT_CREATEALLOCATION, 72, 44,
           AT(hDevice, 0, 0) AT(hResource, 4, 4) AT(hGlobalShare, 8, 8)
           AT(pPrivateRuntimeData, 16, 12) AT(PrivateRuntimeDataSize, 24, 16)
           AT(pStandardAllocation, 32, 20) AT(pPrivateDriverData, 32, 20)
           AT(PrivateDriverDataSize, 40, 24) AT(NumAllocations, 44, 28)
           AT(pAllocationInfo, 48, 32) AT(pAllocationInfo2, 48, 32) AT(Flags, 56, 36)
           AT(hPrivateRuntimeResourceHandle, 64, 40))
NTF_LAYOUT(D3DKMT_DESTROYALLOCATION, 24, 16,
           AT(hDevice, 0, 0) AT(hResource, 4, 4) AT(phAllocationList, 8, 8)
           AT(AllocationCount, 16, 12))
NTF_LAYOUT(D3DKMT_DESTROYALLOCATION2, 24, 20,
           AT(hDevice, 0, 0) AT(hResource, 4, 4) AT(phAllocationList, 8, 8)
           AT(AllocationCount, 16, 12) AT(Flags, 20, 16))
NTF_LAYOUT(D3DDDI_OPENALLOCATIONINFO, 24, 12,
           AT(hAllocation, 0, 0) AT(pPrivateDriverData, 8, 4) AT(PrivateDriverDataSize, 16, 8))
NTF_LAYOUT(D3DKMT_QUERYRESOURCEINFO, 32, 28,
           AT(hDevice, 0, 0) AT(hGlobalShare, 4, 4) AT(pPrivateRuntimeData, 8, 8)
           AT(PrivateRuntimeDataSize, 16, 12) AT(TotalPrivateDriverDataSize, 20, 16)
           AT(ResourcePrivateDriverDataSize, 24, 20) AT(NumAllocations, 28, 24))
NTF_LAYOUT(D3DKMT_OPENRESOURCE, 72, 44,
           AT(hDevice, 0, 0) AT(hGlobalShare, 4, 4) AT(NumAllocations, 8, 8)
           AT(pOpenAllocationInfo, 16, 12) AT(pOpenAllocationInfo2, 16, 12)
           AT(pPrivateRuntimeData, 24, 16) AT(PrivateRuntimeDataSize, 32, 20)
           AT(pResourcePrivateDriverData, 40, 24) AT(ResourcePrivateDriverDataSize, 48, 28)
           AT(pTotalPrivateDriverDataBuffer, 56, 32)
           AT(TotalPrivateDriverDataBufferSize, 64, 36) AT(hResource, 68, 40))
NTF_LAYOUT(D3DDDI_OPENALLOCATIONINFO2, 80, 48,
           AT(hAllocation, 0, 0) AT(pPrivateDriverData, 8, 4) AT(PrivateDriverDataSize, 16, 8)
           AT(GpuVirtualAddress, 24, 16) AT(Reserved, 32, 24))
NTF_LAYOUT(D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE, 40, 28,
           AT(hDevice, 0, 0) AT(hNtHandle, 8, 4) AT(pPrivateRuntimeData, 16, 8)
           AT(PrivateRuntimeDataSize, 24, 12) AT(TotalPrivateDriverDataSize, 28, 16)
           AT(ResourcePrivateDriverDataSize, 32, 20) AT(NumAllocations, 36, 24))
NTF_LAYOUT(D3DKMT_OPENRESOURCEFROMNTHANDLE, 104, 60,
           AT(hDevice, 0, 0) AT(hNtHandle, 8, 4) AT(NumAllocations, 16, 8)
           AT(pOpenAllocationInfo2, 24, 12) AT(PrivateRuntimeDataSize, 32, 16)
           AT(pPrivateRuntimeData, 40, 20) AT(ResourcePrivateDriverDataSize, 48, 24)
           AT(pResourcePrivateDriverData, 56, 28) AT(TotalPrivateDriverDataBufferSize, 64, 32)
           AT(pTotalPrivateDriverDataBuffer, 72, 36) AT(hResource, 80, 40) AT(hKeyedMutex, 84, 44)
           AT(pKeyedMutexPrivateRuntimeData, 88, 48) AT(KeyedMutexPrivateRuntimeDataSize, 96, 52)
           AT(hSyncObject, 100, 56))
NTF_LAYOUT(D3DKMT_CREATEKEYEDMUTEX, 16, 16,
           AT(InitialValue, 0, 0) AT(hSharedHandle, 8, 8) AT(hKeyedMutex, 12, 12))
NTF_LAYOUT(D3DKMT_CREATEKEYEDMUTEX2, 32, 32,
           AT(InitialValue, 0, 0) AT(hSharedHandle, 8, 8) AT(hKeyedMutex, 12, 12)
           AT(pPrivateRuntimeData, 16, 16) AT(PrivateRuntimeDataSize, 24, 20) AT(Flags, 28, 24))
NTF_LAYOUT(D3DKMT_OPENKEYEDMUTEX, 8, 8,
           AT(hSharedHandle, 0, 0) AT(hKeyedMutex, 4, 4))
NTF_LAYOUT(D3DKMT_OPENKEYEDMUTEX2, 24, 16,
           AT(hSharedHandle, 0, 0) AT(hKeyedMutex, 4, 4) AT(pPrivateRuntimeData, 8, 8)
           AT(PrivateRuntimeDataSize, 16, 12))
NTF_LAYOUT(D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE, 32, 16,
           AT(hNtHandle, 0, 0) AT(hKeyedMutex, 8, 4) AT(pPrivateRuntimeData, 16, 8)
           AT(PrivateRuntimeDataSize, 24, 12))
NTF_LAYOUT(D3DKMT_ACQUIREKEYEDMUTEX, 32, 32,
           AT(hKeyedMutex, 0, 0) AT(Key, 8, 8) AT(pTimeout, 16, 16) AT(FenceValue, 24, 24))
NTF_LAYOUT(D3DKMT_ACQUIREKEYEDMUTEX2, 48, 40,
           AT(hKeyedMutex, 0, 0) AT(Key, 8, 8) AT(pTimeout, 16, 16) AT(FenceValue, 24, 24)
           AT(pPrivateRuntimeData, 32, 32) AT(PrivateRuntimeDataSize, 40, 36))
NTF_LAYOUT(D3DKMT_RELEASEKEYEDMUTEX, 24, 24,
           AT(hKeyedMutex, 0, 0) AT(Key, 8, 8) AT(FenceValue, 16, 16))
NTF_LAYOUT(D3DKMT_RELEASEKEYEDMUTEX2, 40, 32,
           AT(hKeyedMutex, 0, 0) AT(Key, 8, 8) AT(FenceValue, 16, 16)
           AT(pPrivateRuntimeData, 24, 24) AT(PrivateRuntimeDataSize, 32, 28))
NTF_LAYOUT(D3DKMT_DESTROYKEYEDMUTEX, 4, 4,
           AT(hKeyedMutex, 0, 0))
NTF_LAYOUT(D3DDDI_NATIVEFENCEMAPPING_22621, 24, 24,
           AT(CurrentValueCpuVa, 0, 0) AT(CurrentValueGpuVa, 8, 8) AT(MonitoredValueGpuVa, 16, 16))
NTF_LAYOUT(D3DDDI_NATIVEFENCEMAPPING, 56, 56,
           AT(CurrentValueCpuVa, 0, 0) AT(CurrentValueGpuVa, 8, 8) AT(MonitoredValueGpuVa, 16, 16)
           AT(Reserved, 24, 24))
NTF_LAYOUT(D3DDDI_CREATENATIVEFENCEINFO_22621, 56, 56,
           AT(InitialFenceValue, 0, 0) AT(pPrivateDriverData, 8, 8)
           AT(PrivateDriverDataSize, 16, 12) AT(EngineAffinity, 20, 16) AT(Flags, 24, 20)
           AT(hSyncObject, 28, 24) AT(NativeFenceMapping, 32, 32))
NTF_LAYOUT(D3DDDI_NATIVEFENCEINFO_24H2, 112, 112,
           AT(InitialFenceValue, 0, 0) AT(EngineAffinity, 8, 8) AT(Type, 12, 12) AT(Flags, 16, 16)
           AT(NativeFenceMapping, 24, 24) AT(Reserved, 80, 80))
NTF_LAYOUT(D3DDDI_NATIVEFENCEINFO, 112, 112,
           AT(InitialFenceValue, 0, 0) AT(EngineAffinity, 8, 8) AT(Type, 12, 12) AT(Flags, 16, 16)
           AT(NativeFenceMapping, 24, 24) AT(PhysicalAdapterIndex, 80, 80) AT(Reserved, 84, 84))
NTF_LAYOUT(D3DKMT_CREATENATIVEFENCE_22621, 64, 64,
           AT(hDevice, 0, 0) AT(Info, 8, 8))
NTF_LAYOUT(D3DKMT_CREATENATIVEFENCE_24H2, 216, 216,
           AT(hDevice, 0, 0) AT(hSyncObject, 4, 4) AT(PrivateDriverData, 8, 8) AT(Info, 72, 72)
           AT(Flags, 184, 184) AT(Reserved, 188, 188))
NTF_LAYOUT(D3DKMT_CREATENATIVEFENCE, 216, 216,
           AT(hDevice, 0, 0) AT(hSyncObject, 4, 4) AT(PrivateDriverData, 8, 8) AT(Info, 72, 72)
           AT(Flags, 184, 184) AT(Reserved, 188, 188))
NTF_LAYOUT(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621, 48, 48,
           AT(hNtHandle, 0, 0) AT(hDevice, 8, 4) AT(EngineAffinity, 12, 8) AT(Flags, 16, 12)
           AT(hSyncObject, 20, 16) AT(NativeFenceMapping, 24, 24))
NTF_LAYOUT(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_24H2, 112, 112,
           AT(hNtHandle, 0, 0) AT(hDevice, 8, 4) AT(EngineAffinity, 12, 8) AT(Flags, 16, 12)
           AT(hSyncObject, 20, 16) AT(NativeFenceMapping, 24, 24) AT(Reserved, 80, 80))
NTF_LAYOUT(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE, 176, 176,
           AT(hNtHandle, 0, 0) AT(hDevice, 8, 4) AT(EngineAffinity, 12, 8) AT(Flags, 16, 12)
           AT(hSyncObject, 20, 16) AT(NativeFenceMapping, 24, 24) AT(PrivateDriverData, 80, 80)
           AT(Reserved, 144, 144))
_Static_assert(sizeof(D3DKMT_CREATENATIVEFENCE) <= NTF_NATIVE_FENCE_BLOCK_SIZE, "block");
_Static_assert(sizeof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE) <= NTF_NATIVE_FENCE_BLOCK_SIZE, "block");

#undef AT
#undef NTF_LAYOUT
#undef NTF_PICK

#endif /* NTF_KMT_D3DKMT_LAYOUT_H */
