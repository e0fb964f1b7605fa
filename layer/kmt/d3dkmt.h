/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The D3DKMT ABI, as far as fences need it: constants, structures and their layouts. Names are
 * those of Microsoft's public pages; the words are ours. Numbers in parentheses are sections of the
 * fact sheet on D3DKMT.
 *
 * No system header is needed or wanted: the same layouts hold for Windows, for WSL's libdxcore and
 * for our software provider. A 64-bit field lies on a multiple of 8 on 32-bit systems too, as on
 * Windows. "out" is what the call writes; what bears no remark is in; every Reserved and Padding is
 * zero. The checks at the end pin every size and offset, for 64 and for 32 bits.
 */
#ifndef NTF_KMT_D3DKMT_H
#define NTF_KMT_D3DKMT_H

#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

/* ---- NT types ------------------------------------------------------------------------------ */

typedef void *ntf_handle; /* HANDLE; on WSL a file descriptor, widened, and 0 is a legal one */

typedef struct ntf_luid {
    uint32_t LowPart;
    int32_t HighPart;
} ntf_luid;

/* Both lengths in bytes; Buffer need not end in a zero. */
typedef struct ntf_unicode_string {
    uint16_t Length, MaximumLength;
    char16_t *Buffer;
} ntf_unicode_string;

/* Length is the size of this structure. The two pointers at the end may be NULL. */
typedef struct ntf_object_attributes {
    uint32_t Length;
    ntf_handle RootDirectory;
    ntf_unicode_string *ObjectName;
    uint32_t Attributes; /* NTF_OBJ_* */
    void *SecurityDescriptor, *SecurityQualityOfService;
} ntf_object_attributes;

#define NTF_OBJ_INHERIT          0x02u
#define NTF_OBJ_CASE_INSENSITIVE 0x40u

/* ---- Base types and constants (1.2) -------------------------------------------------------- */

typedef uint32_t D3DKMT_HANDLE;
#define NTF_U64 _Alignas(8) uint64_t

/* What a handle is: tagged means KMT, and then the low bits tell local from global. */
#define NTF_KMT_HANDLE_TAG_MASK   0xC0000000u
#define NTF_KMT_HANDLE_KIND_MASK  0x3Fu
#define NTF_KMT_HANDLE_KIND_LOCAL 0u
#define NTF_KMT_HANDLE_KIND_GLOBAL 2u

#define D3DDDI_SYNC_OBJECT_WAIT          0x1u
#define D3DDDI_SYNC_OBJECT_SIGNAL        0x2u
#define D3DDDI_SYNC_OBJECT_ALL_ACCESS    0x001F0003u
#define SHARED_ALLOCATION_WRITE          0x1u
#define SHARED_ALLOCATION_ALL_ACCESS     0x000F0001u
#define D3DKMT_MAX_OBJECTS_PER_HANDLE    3
#define D3DDDI_MAX_OBJECT_WAITED_ON      32
#define D3DDDI_MAX_OBJECT_SIGNALED       32
#define D3DDDI_NATIVE_FENCE_PDD_SIZE     64
#define KMTQAITYPE_WDDM_2_7_CAPS         70u
#define KMTQAITYPE_WDDM_2_9_CAPS         75u
#define KMTQAITYPE_WDDM_3_0_CAPS         77u
#define KMTQAITYPE_WDDM_3_1_CAPS         80u
#define KMT_DRIVERVERSION_WDDM_3_1       3100u
#define DXGK_FEATURE_NATIVE_FENCE        37u

enum { /* Type of a synchronization object */
    D3DDDI_SYNCHRONIZATION_MUTEX = 1,
    D3DDDI_SEMAPHORE = 2,
    D3DDDI_FENCE = 3,
    D3DDDI_CPU_NOTIFICATION = 4,
    D3DDDI_MONITORED_FENCE = 5,
    D3DDDI_PERIODIC_MONITORED_FENCE = 6,
    D3DDDI_NATIVE_FENCE = 7,
};

enum { D3DDDI_NATIVEFENCE_TYPE_DEFAULT = 0, D3DDDI_NATIVEFENCE_TYPE_INTRA_GPU = 1 };

/* D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS (1.4): Flags of creation and of opening. */
#define NTF_SYNC_SHARED               0x001u /* alone: legacy sharing by a global handle */
#define NTF_SYNC_NT_SECURITY_SHARING  0x002u /* needs SHARED; what ShareObjects asks for */
#define NTF_SYNC_CROSS_ADAPTER        0x004u
#define NTF_SYNC_TOP_OF_PIPELINE      0x008u
#define NTF_SYNC_NO_SIGNAL            0x010u /* this device may not signal; excludes NO_WAIT */
#define NTF_SYNC_NO_WAIT              0x020u
#define NTF_SYNC_NO_SIGNAL_MAX_ON_TDR 0x040u
#define NTF_SYNC_NO_GPU_ACCESS        0x080u /* what runtime fences are made with (3.2) */
#define NTF_SYNC_SIGNAL_BY_KMD        0x100u
#define NTF_SYNC_UNWAIT_ON_DESTROY    0x400u /* CPU waiters stay until the object itself dies */

#define NTF_WAIT_FROM_CPU_ANY       0x1u
#define NTF_SIGNAL_AT_SUBMISSION    0x1u
#define NTF_SIGNAL_ENQUEUE_CPU_EVENT 0x2u
#define NTF_SIGNAL_ALLOW_REWIND     0x4u
#define NTF_CREATEDEVICE_LEGACY_MODE 0x1u
#define NTF_CREATEDEVICE_REQUEST_VSYNC 0x2u
#define NTF_CREATEDEVICE_DISABLE_GPU_TIMEOUT 0x4u
#define NTF_CREATEDEVICE_TEST_DEVICE 0x8u
#define NTF_KEYED_MUTEX_NT_SECURITY_SHARING 0x1u
#define NTF_WDDM_3_1_CAPS_NATIVE_FENCE 0x1u

enum { /* bits of D3DKMT_ISFEATUREENABLED.Result.Value */
    NTF_FEATURE_ENABLED = 1,
    NTF_FEATURE_KNOWN = 2,
    NTF_FEATURE_SUPPORTED_BY_DRIVER = 4,
    NTF_FEATURE_SUPPORTED_ON_CONFIG = 8,
};

/* ---- Adapter and device (1.3) -------------------------------------------------------------- */

typedef struct D3DKMT_OPENADAPTERFROMLUID {
    ntf_luid AdapterLuid;
    D3DKMT_HANDLE hAdapter; /* out */
} D3DKMT_OPENADAPTERFROMLUID;

typedef struct D3DKMT_ADAPTERINFO { /* all out */
    D3DKMT_HANDLE hAdapter;         /* the caller's to close */
    ntf_luid AdapterLuid;
    uint32_t NumOfSources;
    int32_t bPrecisePresentRegionsPreferred;
} D3DKMT_ADAPTERINFO;

typedef struct D3DKMT_ENUMADAPTERS2 {
    uint32_t NumAdapters; /* in: room; out: number, or a capacity if pAdapters is NULL */
    D3DKMT_ADAPTERINFO *pAdapters;
} D3DKMT_ENUMADAPTERS2;

typedef struct D3DKMT_CLOSEADAPTER {
    D3DKMT_HANDLE hAdapter;
} D3DKMT_CLOSEADAPTER;

typedef struct D3DKMT_CREATEDEVICE {
    union {
        D3DKMT_HANDLE hAdapter;
        void *pAdapter;
    };
    uint32_t Flags;        /* NTF_CREATEDEVICE_*; 0 gives a device without command buffers */
    D3DKMT_HANDLE hDevice; /* out, as is all that follows */
    void *pCommandBuffer;
    uint32_t CommandBufferSize;
    void *pAllocationList;
    uint32_t AllocationListSize;
    void *pPatchLocationList;
    uint32_t PatchLocationListSize;
} D3DKMT_CREATEDEVICE;

typedef struct D3DKMT_DESTROYDEVICE {
    D3DKMT_HANDLE hDevice;
} D3DKMT_DESTROYDEVICE;

typedef struct D3DKMT_QUERYADAPTERINFO {
    D3DKMT_HANDLE hAdapter;
    uint32_t Type;           /* KMTQAITYPE_* */
    void *pPrivateDriverData; /* what it points to is out */
    uint32_t PrivateDriverDataSize;
} D3DKMT_QUERYADAPTERINFO;

typedef struct D3DKMT_WDDM_3_1_CAPS {
    uint32_t Value; /* NTF_WDDM_3_1_CAPS_* */
} D3DKMT_WDDM_3_1_CAPS;

typedef struct D3DKMT_ISFEATUREENABLED {
    D3DKMT_HANDLE hAdapter; /* 0 asks about a global feature */
    uint32_t FeatureId;     /* DXGK_FEATURE_* */
    struct {
        uint16_t Version;
        uint16_t Value; /* NTF_FEATURE_* */
    } Result;           /* out */
} D3DKMT_ISFEATUREENABLED;

/* ---- Creating and destroying synchronization objects (1.3) --------------------------------- */

typedef struct D3DDDI_SYNCHRONIZATIONOBJECTINFO { /* first version: mutexes and semaphores */
    uint32_t Type;
    union {
        struct {
            int32_t InitialState;
        } SynchronizationMutex;
        struct {
            uint32_t MaxCount, InitialCount;
        } Semaphore;
        struct {
            uint32_t Reserved[16];
        } Reserved;
    };
} D3DDDI_SYNCHRONIZATIONOBJECTINFO;

typedef struct D3DKMT_CREATESYNCHRONIZATIONOBJECT {
    D3DKMT_HANDLE hDevice;
    D3DDDI_SYNCHRONIZATIONOBJECTINFO Info;
    D3DKMT_HANDLE hSyncObject; /* out */
} D3DKMT_CREATESYNCHRONIZATIONOBJECT;

typedef struct D3DDDI_SYNCHRONIZATIONOBJECTINFO2 {
    uint32_t Type;
    uint32_t Flags; /* NTF_SYNC_* */
    union {
        struct {
            int32_t InitialState;
        } SynchronizationMutex;
        struct {
            uint32_t MaxCount, InitialCount;
        } Semaphore;
        struct {
            NTF_U64 FenceValue;
        } Fence;
        struct {
            ntf_handle Event;
        } CPUNotification;
        struct {
            NTF_U64 InitialFenceValue;
            void *FenceValueCPUVirtualAddress;   /* out; Wine succeeds and leaves it alone (6.2) */
            NTF_U64 FenceValueGPUVirtualAddress; /* out */
            uint32_t EngineAffinity, Padding;
        } MonitoredFence;
        struct {
            D3DKMT_HANDLE hAdapter;
            uint32_t VidPnTargetId;
            NTF_U64 Time;
            void *FenceValueCPUVirtualAddress;   /* out */
            NTF_U64 FenceValueGPUVirtualAddress; /* out */
            uint32_t EngineAffinity, Padding;
        } PeriodicMonitoredFence;
        struct {
            NTF_U64 Reserved[8];
        } Reserved;
    };
    D3DKMT_HANDLE SharedHandle; /* out, with SHARED alone: the global handle */
} D3DDDI_SYNCHRONIZATIONOBJECTINFO2;

typedef struct D3DKMT_CREATESYNCHRONIZATIONOBJECT2 {
    D3DKMT_HANDLE hDevice;
    D3DDDI_SYNCHRONIZATIONOBJECTINFO2 Info; /* in and out */
    D3DKMT_HANDLE hSyncObject;              /* out */
} D3DKMT_CREATESYNCHRONIZATIONOBJECT2;

typedef struct D3DKMT_DESTROYSYNCHRONIZATIONOBJECT { /* native fences too */
    D3DKMT_HANDLE hSyncObject;
} D3DKMT_DESTROYSYNCHRONIZATIONOBJECT;

/* ---- Opening (1.3) ------------------------------------------------------------------------- */

typedef struct D3DKMT_OPENSYNCHRONIZATIONOBJECT { /* by global handle */
    D3DKMT_HANDLE hSharedHandle;
    D3DKMT_HANDLE hSyncObject; /* out */
    NTF_U64 Reserved[8];
} D3DKMT_OPENSYNCHRONIZATIONOBJECT;

typedef struct D3DKMT_OPENSYNCOBJECTFROMNTHANDLE {
    ntf_handle hNtHandle;
    D3DKMT_HANDLE hSyncObject; /* out */
} D3DKMT_OPENSYNCOBJECTFROMNTHANDLE;

typedef struct D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 { /* the second rung of the ladder (3.2) */
    ntf_handle hNtHandle;
    D3DKMT_HANDLE hDevice;
    uint32_t Flags;            /* NTF_SYNC_*; has to match how the object was made */
    D3DKMT_HANDLE hSyncObject; /* out */
    union {
        struct {
            void *FenceValueCPUVirtualAddress;   /* out; may be NULL in spite of success */
            NTF_U64 FenceValueGPUVirtualAddress; /* out */
            uint32_t EngineAffinity;
        } MonitoredFence;
        NTF_U64 Reserved[8];
    };
} D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2;

typedef struct D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME {
    uint32_t dwDesiredAccess;
    ntf_object_attributes *pObjAttrib;
    ntf_handle hNtHandle; /* out */
} D3DKMT_OPENSYNCOBJECTNTHANDLEFROMNAME;

typedef struct D3DKMT_OPENNTHANDLEFROMNAME { /* the same for resources */
    uint32_t dwDesiredAccess;
    ntf_object_attributes *pObjAttrib;
    ntf_handle hNtHandle; /* out */
} D3DKMT_OPENNTHANDLEFROMNAME;

/* ---- Waiting and signalling from the CPU (1.3, 2.1) ---------------------------------------- */

typedef struct D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU {
    D3DKMT_HANDLE hDevice;
    uint32_t ObjectCount; /* at most D3DDDI_MAX_OBJECT_WAITED_ON */
    const D3DKMT_HANDLE *ObjectHandleArray;
    const uint64_t *FenceValueArray;
    ntf_handle hAsyncEvent; /* NULL blocks, without a timeout; else the event to set */
    uint32_t Flags;         /* NTF_WAIT_FROM_CPU_ANY */
} D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU;

typedef struct D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU {
    D3DKMT_HANDLE hDevice;
    uint32_t ObjectCount; /* at most D3DDDI_MAX_OBJECT_SIGNALED */
    const D3DKMT_HANDLE *ObjectHandleArray;
    const uint64_t *FenceValueArray;
    uint32_t Flags; /* NTF_SIGNAL_* */
} D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU;

/* ---- Resource bundles (1.3) ---------------------------------------------------------------- */

typedef struct D3DDDI_OPENALLOCATIONINFO2 { /* all out; the kernel fills the data pointer in */
    D3DKMT_HANDLE hAllocation;
    const void *pPrivateDriverData;
    uint32_t PrivateDriverDataSize;
    NTF_U64 GpuVirtualAddress;
    uintptr_t Reserved[6];
} D3DDDI_OPENALLOCATIONINFO2;

typedef struct D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE {
    D3DKMT_HANDLE hDevice;
    ntf_handle hNtHandle;
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;       /* in and out */
    uint32_t TotalPrivateDriverDataSize;   /* out */
    uint32_t ResourcePrivateDriverDataSize; /* out */
    uint32_t NumAllocations;               /* out */
} D3DKMT_QUERYRESOURCEINFOFROMNTHANDLE;

typedef struct D3DKMT_OPENRESOURCEFROMNTHANDLE { /* sizes as the query gave them */
    D3DKMT_HANDLE hDevice;
    ntf_handle hNtHandle;
    uint32_t NumAllocations;
    D3DDDI_OPENALLOCATIONINFO2 *pOpenAllocationInfo2; /* required, whatever the page says (6.3) */
    uint32_t PrivateRuntimeDataSize;
    void *pPrivateRuntimeData;
    uint32_t ResourcePrivateDriverDataSize;
    void *pResourcePrivateDriverData;
    uint32_t TotalPrivateDriverDataBufferSize;
    void *pTotalPrivateDriverDataBuffer;
    D3DKMT_HANDLE hResource;   /* out */
    D3DKMT_HANDLE hKeyedMutex; /* out; 0 if the bundle has none */
    void *pKeyedMutexPrivateRuntimeData;
    uint32_t KeyedMutexPrivateRuntimeDataSize;
    D3DKMT_HANDLE hSyncObject; /* out; 0 if the bundle has none */
} D3DKMT_OPENRESOURCEFROMNTHANDLE;

/* ---- Keyed mutexes (1.3, 4.1) -------------------------------------------------------------- */

typedef struct D3DKMT_CREATEKEYEDMUTEX {
    NTF_U64 InitialValue;
    D3DKMT_HANDLE hSharedHandle, hKeyedMutex; /* out */
} D3DKMT_CREATEKEYEDMUTEX;

typedef struct D3DKMT_CREATEKEYEDMUTEX2 {
    NTF_U64 InitialValue;
    D3DKMT_HANDLE hSharedHandle, hKeyedMutex; /* out */
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;
    uint32_t Flags; /* NTF_KEYED_MUTEX_* */
} D3DKMT_CREATEKEYEDMUTEX2;

typedef struct D3DKMT_OPENKEYEDMUTEX {
    D3DKMT_HANDLE hSharedHandle;
    D3DKMT_HANDLE hKeyedMutex; /* out */
} D3DKMT_OPENKEYEDMUTEX;

typedef struct D3DKMT_OPENKEYEDMUTEX2 {
    D3DKMT_HANDLE hSharedHandle;
    D3DKMT_HANDLE hKeyedMutex; /* out */
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;
} D3DKMT_OPENKEYEDMUTEX2;

typedef struct D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE {
    ntf_handle hNtHandle;
    D3DKMT_HANDLE hKeyedMutex; /* out */
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;
} D3DKMT_OPENKEYEDMUTEXFROMNTHANDLE;

typedef struct D3DKMT_ACQUIREKEYEDMUTEX {
    D3DKMT_HANDLE hKeyedMutex;
    NTF_U64 Key;
    int64_t *pTimeout;  /* LARGE_INTEGER: NULL waits for ever */
    NTF_U64 FenceValue; /* out */
} D3DKMT_ACQUIREKEYEDMUTEX;

typedef struct D3DKMT_ACQUIREKEYEDMUTEX2 {
    D3DKMT_HANDLE hKeyedMutex;
    NTF_U64 Key;
    int64_t *pTimeout;
    NTF_U64 FenceValue; /* out */
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;
} D3DKMT_ACQUIREKEYEDMUTEX2;

typedef struct D3DKMT_RELEASEKEYEDMUTEX {
    D3DKMT_HANDLE hKeyedMutex;
    NTF_U64 Key;
    NTF_U64 FenceValue;
} D3DKMT_RELEASEKEYEDMUTEX;

typedef struct D3DKMT_RELEASEKEYEDMUTEX2 {
    D3DKMT_HANDLE hKeyedMutex;
    NTF_U64 Key;
    NTF_U64 FenceValue;
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;
} D3DKMT_RELEASEKEYEDMUTEX2;

typedef struct D3DKMT_DESTROYKEYEDMUTEX {
    D3DKMT_HANDLE hKeyedMutex;
} D3DKMT_DESTROYKEYEDMUTEX;

/* ---- Native fences (1.5) ----------------------------------------------------------------------
 * Three generations under the same names; none carries its size, so the kernel copies as much as
 * *it* knows. Pass a zeroed block of NTF_NATIVE_FENCE_BLOCK_SIZE, and only to build 26100 or later.
 * EngineAffinity is a mask of the physical adapters of a linked group; Flags are NTF_SYNC_*.
 */

#define NTF_NATIVE_FENCE_BLOCK_SIZE 256

typedef struct D3DDDI_NATIVEFENCEMAPPING_22621 { /* all out */
    void *CurrentValueCpuVa;
    NTF_U64 CurrentValueGpuVa;
    NTF_U64 MonitoredValueGpuVa;
} D3DDDI_NATIVEFENCEMAPPING_22621;

typedef struct D3DDDI_NATIVEFENCEMAPPING { /* all out */
    void *CurrentValueCpuVa;               /* the 64-bit value to poll */
    NTF_U64 CurrentValueGpuVa;
    NTF_U64 MonitoredValueGpuVa; /* the kernel's own; not for user mode */
    uint8_t Reserved[32];
} D3DDDI_NATIVEFENCEMAPPING;

typedef D3DDDI_NATIVEFENCEMAPPING D3DDDI_NATIVEFENCEMAPPING_24H2;

typedef struct D3DDDI_CREATENATIVEFENCEINFO_22621 {
    NTF_U64 InitialFenceValue;
    void *pPrivateDriverData;
    uint32_t PrivateDriverDataSize;
    uint32_t EngineAffinity;
    uint32_t Flags;
    D3DKMT_HANDLE hSyncObject; /* out */
    D3DDDI_NATIVEFENCEMAPPING_22621 NativeFenceMapping;
} D3DDDI_CREATENATIVEFENCEINFO_22621;

typedef struct D3DDDI_NATIVEFENCEINFO_24H2 {
    NTF_U64 InitialFenceValue;
    uint32_t EngineAffinity;
    uint32_t Type; /* D3DDDI_NATIVEFENCE_TYPE_* */
    uint32_t Flags;
    D3DDDI_NATIVEFENCEMAPPING_24H2 NativeFenceMapping;
    uint8_t Reserved[28];
} D3DDDI_NATIVEFENCEINFO_24H2;

typedef struct D3DDDI_NATIVEFENCEINFO {
    NTF_U64 InitialFenceValue;
    uint32_t EngineAffinity;
    uint32_t Type; /* D3DDDI_NATIVEFENCE_TYPE_* */
    uint32_t Flags;
    D3DDDI_NATIVEFENCEMAPPING NativeFenceMapping;
    uint32_t PhysicalAdapterIndex;
    uint8_t Reserved[24];
} D3DDDI_NATIVEFENCEINFO;

typedef struct D3DKMT_CREATENATIVEFENCE_22621 {
    D3DKMT_HANDLE hDevice;
    D3DDDI_CREATENATIVEFENCEINFO_22621 Info; /* in and out */
} D3DKMT_CREATENATIVEFENCE_22621;

typedef struct D3DKMT_CREATENATIVEFENCE_24H2 {
    D3DKMT_HANDLE hDevice;
    D3DKMT_HANDLE hSyncObject;                               /* out */
    uint8_t PrivateDriverData[D3DDDI_NATIVE_FENCE_PDD_SIZE]; /* in and out, the vendor's */
    D3DDDI_NATIVEFENCEINFO_24H2 Info;                        /* in and out */
    uint32_t Flags;                                          /* no bit defined yet */
    uint8_t Reserved[28];
} D3DKMT_CREATENATIVEFENCE_24H2;

typedef struct D3DKMT_CREATENATIVEFENCE {
    D3DKMT_HANDLE hDevice;
    D3DKMT_HANDLE hSyncObject;                               /* out */
    uint8_t PrivateDriverData[D3DDDI_NATIVE_FENCE_PDD_SIZE]; /* in and out, the vendor's */
    D3DDDI_NATIVEFENCEINFO Info;                             /* in and out */
    uint32_t Flags;                                          /* no bit defined yet */
    uint8_t Reserved[28];
} D3DKMT_CREATENATIVEFENCE;

typedef struct D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621 {
    ntf_handle hNtHandle;
    D3DKMT_HANDLE hDevice;
    uint32_t EngineAffinity, Flags;
    D3DKMT_HANDLE hSyncObject; /* out */
    D3DDDI_NATIVEFENCEMAPPING_22621 NativeFenceMapping;
} D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621;

typedef struct D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_24H2 {
    ntf_handle hNtHandle;
    D3DKMT_HANDLE hDevice;
    uint32_t EngineAffinity, Flags;
    D3DKMT_HANDLE hSyncObject; /* out */
    D3DDDI_NATIVEFENCEMAPPING_24H2 NativeFenceMapping;
    uint8_t Reserved[32];
} D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_24H2;

typedef struct D3DKMT_OPENNATIVEFENCEFROMNTHANDLE {
    ntf_handle hNtHandle;
    D3DKMT_HANDLE hDevice;
    uint32_t EngineAffinity, Flags;
    D3DKMT_HANDLE hSyncObject; /* out */
    D3DDDI_NATIVEFENCEMAPPING NativeFenceMapping;
    uint8_t PrivateDriverData[D3DDDI_NATIVE_FENCE_PDD_SIZE]; /* in and out, the vendor's */
    uint8_t Reserved[32];
} D3DKMT_OPENNATIVEFENCEFROMNTHANDLE;

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

#endif
