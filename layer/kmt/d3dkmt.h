/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The D3DKMT ABI, as far as fences need it: constants, structures and their layouts. Names are
 * those of Microsoft's public pages; the words are ours. Native fences, resources with keyed mutexes, and the checks
 * that pin every size and offset for 64 and for 32 bits have files of their own, which this one brings.
 *
 * No system header is needed or wanted: the same layouts hold for Windows, for WSL's libdxcore and
 * for our software provider. A 64-bit field lies on a multiple of 8 on 32-bit systems too, as on
 * Windows. "out" is what the call writes; what bears no remark is in; every Reserved and Padding is
 * zero.
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

/* ---- Base types and constants -------------------------------------------------------------- */

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

/* D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS: Flags of creation and of opening. */
#define NTF_SYNC_SHARED               0x001u /* alone: legacy sharing by a global handle */
#define NTF_SYNC_NT_SECURITY_SHARING  0x002u /* needs SHARED; what ShareObjects asks for */
#define NTF_SYNC_CROSS_ADAPTER        0x004u
#define NTF_SYNC_TOP_OF_PIPELINE      0x008u
#define NTF_SYNC_NO_SIGNAL            0x010u /* this device may not signal; excludes NO_WAIT */
#define NTF_SYNC_NO_WAIT              0x020u
#define NTF_SYNC_NO_SIGNAL_MAX_ON_TDR 0x040u
#define NTF_SYNC_NO_GPU_ACCESS        0x080u /* what runtime fences are made with */
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

/* ---- Adapter and device -------------------------------------------------------------------- */

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

/* ---- Creating and destroying synchronization objects --------------------------------------- */

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
            void *FenceValueCPUVirtualAddress;   /* out; Wine succeeds and leaves it alone */
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

/* ---- Opening ------------------------------------------------------------------------------- */

typedef struct D3DKMT_OPENSYNCHRONIZATIONOBJECT { /* by global handle */
    D3DKMT_HANDLE hSharedHandle;
    D3DKMT_HANDLE hSyncObject; /* out */
    NTF_U64 Reserved[8];
} D3DKMT_OPENSYNCHRONIZATIONOBJECT;

typedef struct D3DKMT_OPENSYNCOBJECTFROMNTHANDLE {
    ntf_handle hNtHandle;
    D3DKMT_HANDLE hSyncObject; /* out */
} D3DKMT_OPENSYNCOBJECTFROMNTHANDLE;

typedef struct D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 { /* the second rung of the ladder */
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

/* ---- Waiting and signalling from the CPU --------------------------------------------------- */

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

#include "kmt/d3dkmt_allocation.h"
#include "kmt/d3dkmt_native.h"
#include "kmt/d3dkmt_resource.h"

#include "kmt/d3dkmt_layout.h" /* needs all of the above */

#endif /* NTF_KMT_D3DKMT_H */
