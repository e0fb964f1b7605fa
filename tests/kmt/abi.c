/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The D3DKMT ABI at run time. The rows were typed from the tables of the fact sheet (1.2 to 1.5),
 * not from d3dkmt.h, so a slip in the checks there shows here. The 32-bit columns follow from the
 * x64 ones by Windows' rule: pointers of 4 bytes, 64-bit fields on multiples of 8.
 */
#include <string.h>

#include "kmt/thunks.h"
#include "ntf_test.h"

struct row {
    const char *what;
    size_t offset, size;               /* what the compiler did */
    size_t expect_offset, expect_size; /* typed from the documentation for this pointer size */
};

#define ON(on64, on32) (sizeof(void *) == 8 ? (size_t)(on64) : (size_t)(on32))
#define ROW(s, f, o64, n64, o32, n32) \
    { #s "." #f, offsetof(s, f), sizeof(((s *)0)->f), ON(o64, o32), ON(n64, n32) }
#define W(s, f, o64, o32) ROW(s, f, o64, 4, o32, 4)    /* a 32-bit word */
#define Q(s, f, o64, o32) ROW(s, f, o64, 8, o32, 8)    /* 64 bits */
#define P(s, f, o64, o32) ROW(s, f, o64, 8, o32, 4)    /* a pointer or HANDLE */
#define B(s, f, o64, o32, n) ROW(s, f, o64, n, o32, n) /* n bytes */
#define WHOLE_(s, n64, n32) { "sizeof " #s, 0, sizeof(s), 0, ON(n64, n32) }
#define WHOLE(s, n64, n32) WHOLE_(s, n64, n32)

static void check_rows(const struct row *rows, size_t count)
{
    unsigned wrong = 0;

    for (size_t i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        if (r->offset == r->expect_offset && r->size == r->expect_size)
            continue;
        print_error("%s: %u:%u, documented %u:%u\n", r->what, (unsigned)r->offset,
                    (unsigned)r->size, (unsigned)r->expect_offset, (unsigned)r->expect_size);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}
#define CHECK(rows) check_rows(rows, NTF_COUNT(rows))

/* The NT structures that we declare ourselves have the system's layout. */
static void nt_types(void **state)
{
    static const struct row rows[] = {
        WHOLE(ntf_luid, 8, 8), W(ntf_luid, LowPart, 0, 0), W(ntf_luid, HighPart, 4, 4),
        WHOLE(ntf_unicode_string, 16, 8),
        B(ntf_unicode_string, Length, 0, 0, 2), B(ntf_unicode_string, MaximumLength, 2, 2, 2),
        P(ntf_unicode_string, Buffer, 8, 4),
        WHOLE(ntf_object_attributes, 48, 24),
        W(ntf_object_attributes, Length, 0, 0), P(ntf_object_attributes, RootDirectory, 8, 4),
        P(ntf_object_attributes, ObjectName, 16, 8), W(ntf_object_attributes, Attributes, 24, 12),
        P(ntf_object_attributes, SecurityDescriptor, 32, 16),
        P(ntf_object_attributes, SecurityQualityOfService, 40, 20),
    };
    (void)state;
    CHECK(rows);
}

/* 1.3, creation. */
static void creation(void **state)
{
    static const struct row rows[] = {
#define T D3DKMT_CREATESYNCHRONIZATIONOBJECT2
        WHOLE(T, 96, 96), W(T, hDevice, 0, 0), B(T, Info, 8, 8, 80), W(T, hSyncObject, 88, 88),
#undef T
#define T D3DDDI_SYNCHRONIZATIONOBJECTINFO2
        WHOLE(T, 80, 80), W(T, Type, 0, 0), W(T, Flags, 4, 4), B(T, Reserved, 8, 8, 64),
        W(T, SharedHandle, 72, 72),
        Q(T, MonitoredFence.InitialFenceValue, 8, 8),
        P(T, MonitoredFence.FenceValueCPUVirtualAddress, 16, 16),
        Q(T, MonitoredFence.FenceValueGPUVirtualAddress, 24, 24),
        W(T, MonitoredFence.EngineAffinity, 32, 32), W(T, MonitoredFence.Padding, 36, 36),
        W(T, PeriodicMonitoredFence.hAdapter, 8, 8),
        W(T, PeriodicMonitoredFence.VidPnTargetId, 12, 12),
        Q(T, PeriodicMonitoredFence.Time, 16, 16),
        P(T, PeriodicMonitoredFence.FenceValueCPUVirtualAddress, 24, 24),
        Q(T, PeriodicMonitoredFence.FenceValueGPUVirtualAddress, 32, 32),
        W(T, PeriodicMonitoredFence.EngineAffinity, 40, 40),
        W(T, PeriodicMonitoredFence.Padding, 44, 44),
        Q(T, Fence.FenceValue, 8, 8), W(T, SynchronizationMutex.InitialState, 8, 8),
        W(T, Semaphore.MaxCount, 8, 8), W(T, Semaphore.InitialCount, 12, 12),
        P(T, CPUNotification.Event, 8, 8),
#undef T
#define T D3DKMT_CREATESYNCHRONIZATIONOBJECT
        WHOLE(T, 76, 76), W(T, hDevice, 0, 0), B(T, Info, 4, 4, 68), W(T, hSyncObject, 72, 72),
#undef T
#define T D3DDDI_SYNCHRONIZATIONOBJECTINFO
        WHOLE(T, 68, 68), W(T, Type, 0, 0), W(T, SynchronizationMutex.InitialState, 4, 4),
        W(T, Semaphore.MaxCount, 4, 4), W(T, Semaphore.InitialCount, 8, 8),
        B(T, Reserved, 4, 4, 64),
#undef T
#define T D3DKMT_DESTROYSYNCHRONIZATIONOBJECT
        WHOLE(T, 4, 4), W(T, hSyncObject, 0, 0),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.3, opening. */
static void opening(void **state)
{
    static const struct row rows[] = {
#define T D3DKMT_OPENSYNCHRONIZATIONOBJECT
        WHOLE(T, 72, 72), W(T, hSharedHandle, 0, 0), W(T, hSyncObject, 4, 4),
        B(T, Reserved, 8, 8, 64),
#undef T
#define T D3DKMT_OPENSYNCOBJECTFROMNTHANDLE
        WHOLE(T, 16, 8), P(T, hNtHandle, 0, 0), W(T, hSyncObject, 8, 4),
#undef T
#define T D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2
        WHOLE(T, 88, 80), P(T, hNtHandle, 0, 0), W(T, hDevice, 8, 4), W(T, Flags, 12, 8),
        W(T, hSyncObject, 16, 12), B(T, Reserved, 24, 16, 64),
        P(T, MonitoredFence.FenceValueCPUVirtualAddress, 24, 16),
        Q(T, MonitoredFence.FenceValueGPUVirtualAddress, 32, 24),
        W(T, MonitoredFence.EngineAffinity, 40, 32),
#undef T
#define T D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME
        WHOLE(T, 24, 12), W(T, dwDesiredAccess, 0, 0), P(T, pObjAttrib, 8, 4),
        P(T, hNtHandle, 16, 8),
#undef T
#define T D3DKMT_OPENNTHANDLEFROMNAME
        WHOLE(T, 24, 12), W(T, dwDesiredAccess, 0, 0), P(T, pObjAttrib, 8, 4),
        P(T, hNtHandle, 16, 8),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.3, wait and signal. */
static void wait_and_signal(void **state)
{
    static const struct row rows[] = {
#define T D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU
        WHOLE(T, 40, 24), W(T, hDevice, 0, 0), W(T, ObjectCount, 4, 4),
        P(T, ObjectHandleArray, 8, 8), P(T, FenceValueArray, 16, 12), P(T, hAsyncEvent, 24, 16),
        W(T, Flags, 32, 20),
#undef T
#define T D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU
        WHOLE(T, 32, 20), W(T, hDevice, 0, 0), W(T, ObjectCount, 4, 4),
        P(T, ObjectHandleArray, 8, 8), P(T, FenceValueArray, 16, 12), W(T, Flags, 24, 16),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.3, resources. */
static void resources(void **state)
{
    static const struct row rows[] = {
#define T D3DKMT_OPENRESOURCEFROMNTHANDLE
        WHOLE(T, 104, 60), W(T, hDevice, 0, 0), P(T, hNtHandle, 8, 4), W(T, NumAllocations, 16, 8),
        P(T, pOpenAllocationInfo2, 24, 12), W(T, PrivateRuntimeDataSize, 32, 16),
        P(T, pPrivateRuntimeData, 40, 20), W(T, ResourcePrivateDriverDataSize, 48, 24),
        P(T, pResourcePrivateDriverData, 56, 28), W(T, TotalPrivateDriverDataBufferSize, 64, 32),
        P(T, pTotalPrivateDriverDataBuffer, 72, 36), W(T, hResource, 80, 40),
        W(T, hKeyedMutex, 84, 44), P(T, pKeyedMutexPrivateRuntimeData, 88, 48),
        W(T, KeyedMutexPrivateRuntimeDataSize, 96, 52), W(T, hSyncObject, 100, 56),
#undef T
#define T D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE
        WHOLE(T, 40, 28), W(T, hDevice, 0, 0), P(T, hNtHandle, 8, 4),
        P(T, pPrivateRuntimeData, 16, 8), W(T, PrivateRuntimeDataSize, 24, 12),
        W(T, TotalPrivateDriverDataSize, 28, 16),
        W(T, ResourcePrivateDriverDataSize, 32, 20), W(T, NumAllocations, 36, 24),
#undef T
#define T D3DDDI_OPENALLOCATIONINFO2
        WHOLE(T, 80, 48), W(T, hAllocation, 0, 0), P(T, pPrivateDriverData, 8, 4),
        W(T, PrivateDriverDataSize, 16, 8), Q(T, GpuVirtualAddress, 24, 16),
        ROW(T, Reserved, 32, 48, 24, 24),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.3, keyed mutexes. */
static void keyed_mutexes(void **state)
{
    static const struct row rows[] = {
#define T D3DKMT_CREATEKEYEDMUTEX
        WHOLE(T, 16, 16), Q(T, InitialValue, 0, 0), W(T, hSharedHandle, 8, 8),
        W(T, hKeyedMutex, 12, 12),
#undef T
#define T D3DKMT_CREATEKEYEDMUTEX2
        WHOLE(T, 32, 32), Q(T, InitialValue, 0, 0), W(T, hSharedHandle, 8, 8),
        W(T, hKeyedMutex, 12, 12), P(T, pPrivateRuntimeData, 16, 16),
        W(T, PrivateRuntimeDataSize, 24, 20), W(T, Flags, 28, 24),
#undef T
#define T D3DKMT_OPENKEYEDMUTEX
        WHOLE(T, 8, 8), W(T, hSharedHandle, 0, 0), W(T, hKeyedMutex, 4, 4),
#undef T
#define T D3DKMT_OPENKEYEDMUTEX2
        WHOLE(T, 24, 16), W(T, hSharedHandle, 0, 0), W(T, hKeyedMutex, 4, 4),
        P(T, pPrivateRuntimeData, 8, 8), W(T, PrivateRuntimeDataSize, 16, 12),
#undef T
#define T D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE
        WHOLE(T, 32, 16), P(T, hNtHandle, 0, 0), W(T, hKeyedMutex, 8, 4),
        P(T, pPrivateRuntimeData, 16, 8), W(T, PrivateRuntimeDataSize, 24, 12),
#undef T
#define T D3DKMT_ACQUIREKEYEDMUTEX
        WHOLE(T, 32, 32), W(T, hKeyedMutex, 0, 0), Q(T, Key, 8, 8), P(T, pTimeout, 16, 16),
        Q(T, FenceValue, 24, 24),
#undef T
#define T D3DKMT_ACQUIREKEYEDMUTEX2
        WHOLE(T, 48, 40), W(T, hKeyedMutex, 0, 0), Q(T, Key, 8, 8), P(T, pTimeout, 16, 16),
        Q(T, FenceValue, 24, 24), P(T, pPrivateRuntimeData, 32, 32),
        W(T, PrivateRuntimeDataSize, 40, 36),
#undef T
#define T D3DKMT_RELEASEKEYEDMUTEX
        WHOLE(T, 24, 24), W(T, hKeyedMutex, 0, 0), Q(T, Key, 8, 8), Q(T, FenceValue, 16, 16),
#undef T
#define T D3DKMT_RELEASEKEYEDMUTEX2
        WHOLE(T, 40, 32), W(T, hKeyedMutex, 0, 0), Q(T, Key, 8, 8), Q(T, FenceValue, 16, 16),
        P(T, pPrivateRuntimeData, 24, 24), W(T, PrivateRuntimeDataSize, 32, 28),
#undef T
#define T D3DKMT_DESTROYKEYEDMUTEX
        WHOLE(T, 4, 4), W(T, hKeyedMutex, 0, 0),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.3, adapter and device. */
static void adapter_and_device(void **state)
{
    static const struct row rows[] = {
#define T D3DKMT_OPENADAPTERFROMLUID
        WHOLE(T, 12, 12), B(T, AdapterLuid, 0, 0, 8), W(T, hAdapter, 8, 8),
#undef T
#define T D3DKMT_ENUMADAPTERS2
        WHOLE(T, 16, 8), W(T, NumAdapters, 0, 0), P(T, pAdapters, 8, 4),
#undef T
#define T D3DKMT_ADAPTERINFO
        WHOLE(T, 20, 20), W(T, hAdapter, 0, 0), B(T, AdapterLuid, 4, 4, 8),
        W(T, NumOfSources, 12, 12), W(T, bPrecisePresentRegionsPreferred, 16, 16),
#undef T
#define T D3DKMT_CREATEDEVICE
        WHOLE(T, 64, 36), W(T, hAdapter, 0, 0), P(T, pAdapter, 0, 0), W(T, Flags, 8, 4),
        W(T, hDevice, 12, 8), P(T, pCommandBuffer, 16, 12), W(T, CommandBufferSize, 24, 16),
        P(T, pAllocationList, 32, 20), W(T, AllocationListSize, 40, 24),
        P(T, pPatchLocationList, 48, 28), W(T, PatchLocationListSize, 56, 32),
#undef T
        WHOLE(D3DKMT_DESTROYDEVICE, 4, 4), W(D3DKMT_DESTROYDEVICE, hDevice, 0, 0),
        WHOLE(D3DKMT_CLOSEADAPTER, 4, 4), W(D3DKMT_CLOSEADAPTER, hAdapter, 0, 0),
#define T D3DKMT_QUERYADAPTERINFO
        WHOLE(T, 24, 16), W(T, hAdapter, 0, 0), W(T, Type, 4, 4), P(T, pPrivateDriverData, 8, 8),
        W(T, PrivateDriverDataSize, 16, 12),
#undef T
#define T D3DKMT_ISFEATUREENABLED
        WHOLE(T, 12, 12), W(T, hAdapter, 0, 0), W(T, FeatureId, 4, 4), B(T, Result, 8, 8, 4),
        B(T, Result.Version, 8, 8, 2), B(T, Result.Value, 10, 10, 2),
#undef T
        WHOLE(D3DKMT_WDDM_3_1_CAPS, 4, 4), W(D3DKMT_WDDM_3_1_CAPS, Value, 0, 0),
    };
    (void)state;
    CHECK(rows);
}

/* 1.5, first column: the 22621 kit. */
static void native_22621(void **state)
{
    static const struct row rows[] = {
#define T D3DDDI_NATIVEFENCEMAPPING_22621
        WHOLE(T, 24, 24), P(T, CurrentValueCpuVa, 0, 0), Q(T, CurrentValueGpuVa, 8, 8),
        Q(T, MonitoredValueGpuVa, 16, 16),
#undef T
#define T D3DDDI_CREATENATIVEFENCEINFO_22621
        WHOLE(T, 56, 56), Q(T, InitialFenceValue, 0, 0), P(T, pPrivateDriverData, 8, 8),
        W(T, PrivateDriverDataSize, 16, 12), W(T, EngineAffinity, 20, 16), W(T, Flags, 24, 20),
        W(T, hSyncObject, 28, 24), B(T, NativeFenceMapping, 32, 32, 24),
#undef T
#define T D3DKMT_CREATENATIVEFENCE_22621
        WHOLE(T, 64, 64), W(T, hDevice, 0, 0), B(T, Info, 8, 8, 56),
#undef T
#define T D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621
        WHOLE(T, 48, 48), P(T, hNtHandle, 0, 0), W(T, hDevice, 8, 4), W(T, EngineAffinity, 12, 8),
        W(T, Flags, 16, 12), W(T, hSyncObject, 20, 16), B(T, NativeFenceMapping, 24, 24, 24),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.5, the rows that the two later generations share. */
#define MAPPING_ROWS(T)                                                                           \
    WHOLE(T, 56, 56), P(T, CurrentValueCpuVa, 0, 0), Q(T, CurrentValueGpuVa, 8, 8),               \
        Q(T, MonitoredValueGpuVa, 16, 16), B(T, Reserved, 24, 24, 32)
#define INFO_ROWS(T)                                                                              \
    WHOLE(T, 112, 112), Q(T, InitialFenceValue, 0, 0), W(T, EngineAffinity, 8, 8),                \
        W(T, Type, 12, 12), W(T, Flags, 16, 16), B(T, NativeFenceMapping, 24, 24, 56)
#define CREATE_ROWS(T)                                                                            \
    WHOLE(T, 216, 216), W(T, hDevice, 0, 0), W(T, hSyncObject, 4, 4),                             \
        B(T, PrivateDriverData, 8, 8, 64), B(T, Info, 72, 72, 112), W(T, Flags, 184, 184),        \
        B(T, Reserved, 188, 188, 28)
#define OPEN_HEAD_ROWS(T)                                                                         \
    P(T, hNtHandle, 0, 0), W(T, hDevice, 8, 4), W(T, EngineAffinity, 12, 8), W(T, Flags, 16, 12), \
        W(T, hSyncObject, 20, 16), B(T, NativeFenceMapping, 24, 24, 56)

/* 1.5, second column: the 24H2 pages of early 2024. */
static void native_24h2(void **state)
{
    static const struct row rows[] = {
        MAPPING_ROWS(D3DDDI_NATIVEFENCEMAPPING_24H2),
        INFO_ROWS(D3DDDI_NATIVEFENCEINFO_24H2),
        B(D3DDDI_NATIVEFENCEINFO_24H2, Reserved, 80, 80, 28),
        CREATE_ROWS(D3DKMT_CREATENATIVEFENCE_24H2),
#define T D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_24H2
        WHOLE(T, 112, 112), OPEN_HEAD_ROWS(T), B(T, Reserved, 80, 80, 32),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.5, third column: the current kit. */
static void native_current(void **state)
{
    static const struct row rows[] = {
        MAPPING_ROWS(D3DDDI_NATIVEFENCEMAPPING),
        INFO_ROWS(D3DDDI_NATIVEFENCEINFO),
        W(D3DDDI_NATIVEFENCEINFO, PhysicalAdapterIndex, 80, 80),
        B(D3DDDI_NATIVEFENCEINFO, Reserved, 84, 84, 24),
        CREATE_ROWS(D3DKMT_CREATENATIVEFENCE),
#define T D3DKMT_OPENNATIVEFENCEFROMNTHANDLE
        WHOLE(T, 176, 176), OPEN_HEAD_ROWS(T), B(T, PrivateDriverData, 80, 80, 64),
        B(T, Reserved, 144, 144, 32),
#undef T
    };
    (void)state;
    CHECK(rows);
}

/* 1.2, 1.4 and the flag words of 3.2. */
static void constants(void **state)
{
    (void)state;
    assert_int_equal(D3DDDI_SYNC_OBJECT_WAIT | D3DDDI_SYNC_OBJECT_SIGNAL | 0x001F0000,
                     D3DDDI_SYNC_OBJECT_ALL_ACCESS);
    assert_int_equal(SHARED_ALLOCATION_WRITE | 0x000F0000, SHARED_ALLOCATION_ALL_ACCESS);
    assert_int_equal(D3DKMT_MAX_OBJECTS_PER_HANDLE, 3);
    assert_int_equal(D3DDDI_MAX_OBJECT_WAITED_ON, 32);
    assert_int_equal(D3DDDI_MAX_OBJECT_SIGNALED, 32);
    assert_int_equal(D3DDDI_MONITORED_FENCE, 5);
    assert_int_equal(D3DDDI_NATIVE_FENCE, 7);
    assert_int_equal(KMTQAITYPE_WDDM_3_1_CAPS, 80);
    assert_int_equal(DXGK_FEATURE_NATIVE_FENCE, 37);
    assert_int_equal(NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, 0x3);
    assert_int_equal(NTF_SYNC_NO_GPU_ACCESS, 0x80);
    assert_int_equal(NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING | NTF_SYNC_NO_GPU_ACCESS |
                         NTF_SYNC_UNWAIT_ON_DESTROY, 0x483);
    assert_int_equal(NTF_SYNC_CROSS_ADAPTER | NTF_SYNC_TOP_OF_PIPELINE | NTF_SYNC_NO_SIGNAL |
                         NTF_SYNC_NO_WAIT | NTF_SYNC_NO_SIGNAL_MAX_ON_TDR | NTF_SYNC_SIGNAL_BY_KMD,
                     0x17C);
    assert_int_equal(NTF_WAIT_FROM_CPU_ANY, 1);
    assert_int_equal(NTF_SIGNAL_ALLOW_REWIND, 4);
}

/* The statuses of the fact sheet's head have their values, the right sign, and print by name. */
static void statuses(void **state)
{
    (void)state;
    assert_int_equal((uint32_t)NTF_STATUS_INVALID_PARAMETER, 0xC000000Du);
    assert_int_equal((uint32_t)NTF_STATUS_INVALID_HANDLE, 0xC0000008u);
    assert_int_equal((uint32_t)NTF_STATUS_OBJECT_TYPE_MISMATCH, 0xC0000024u);
    assert_int_equal((uint32_t)NTF_STATUS_OBJECT_NAME_NOT_FOUND, 0xC0000034u);
    assert_int_equal((uint32_t)NTF_STATUS_DEVICE_REMOVED, 0xC00002B6u);
    assert_true(NTF_STATUS_NO_MEMORY < 0);
    assert_true(NTF_STATUS_TIMEOUT > 0 && NTF_STATUS_ABANDONED > 0 && NTF_STATUS_PENDING > 0);
    assert_string_equal(ntf_status_name(NTF_STATUS_INVALID_PARAMETER),
                        "0xC000000D INVALID_PARAMETER");
    assert_string_equal(ntf_status_name((ntf_status)0x12345678), "unlisted status");
}

/* The thunk list makes a table of pointers and nothing else, and its names are those exported. */
static void thunk_list(void **state)
{
#define NAME(Name, params, args, need) \
    { "D3DKMT" #Name, offsetof(struct ntf_kmt_thunks, Name), need },
    static const struct {
        const char *name;
        size_t offset;
        enum ntf_thunk_need need;
    } thunks[] = { NTF_KMT_THUNKS(NAME) };
#undef NAME
    const size_t count = NTF_COUNT(thunks);
    (void)state;
    assert_int_equal(count, 39);
    assert_int_equal(sizeof(struct ntf_kmt_thunks), count * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(thunks[i].offset, i * sizeof(void *));
        if (strcmp(thunks[i].name, "D3DKMTOpenNativeFenceFromNtHandle") == 0)
            assert_int_equal(thunks[i].need, NTF_THUNK_OPTIONAL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nt_types),
        cmocka_unit_test(creation),
        cmocka_unit_test(opening),
        cmocka_unit_test(wait_and_signal),
        cmocka_unit_test(resources),
        cmocka_unit_test(keyed_mutexes),
        cmocka_unit_test(adapter_and_device),
        cmocka_unit_test(native_22621),
        cmocka_unit_test(native_24h2),
        cmocka_unit_test(native_current),
        cmocka_unit_test(constants),
        cmocka_unit_test(statuses),
        cmocka_unit_test(thunk_list),
    };
    return ntf_test_run("kmt-abi", tests, NTF_COUNT(tests), NULL, NULL);
}
