/* SPDX-License-Identifier: Apache-2.0 */
/* Resources and their allocations, as they are made, and opened by global handle. A part of kmt/d3dkmt.h. */
#ifndef NTF_KMT_D3DKMT_ALLOCATION_H
#define NTF_KMT_D3DKMT_ALLOCATION_H

/* D3DKMT_CREATEALLOCATIONFLAGS, as far as they say something about resources. */
#define NTF_ALLOCATION_CREATE_RESOURCE     0x00001u
#define NTF_ALLOCATION_CREATE_SHARED       0x00002u /* needs CREATE_RESOURCE; alone: a global handle */
#define NTF_ALLOCATION_EXISTING_SYS_MEM    0x00020u
#define NTF_ALLOCATION_NT_SECURITY_SHARING 0x00040u /* needs CREATE_SHARED; what ShareObjects asks for */
#define NTF_ALLOCATION_STANDARD            0x10000u /* pStandardAllocation in place of private driver data */
#define NTF_ALLOCATION_KNOWN_FLAGS         0xFFFFFu

typedef struct D3DDDI_ALLOCATIONINFO {
    D3DKMT_HANDLE hAllocation; /* out */
    const void *pSystemMem;
    void *pPrivateDriverData; /* in and out, the vendor's */
    uint32_t PrivateDriverDataSize;
    uint32_t VidPnSourceId;
    uint32_t Flags;
} D3DDDI_ALLOCATIONINFO;

typedef struct D3DDDI_ALLOCATIONINFO2 {
    D3DKMT_HANDLE hAllocation; /* out */
    union {
        ntf_handle hSection;
        const void *pSystemMem;
    };
    void *pPrivateDriverData; /* in and out, the vendor's */
    uint32_t PrivateDriverDataSize;
    uint32_t VidPnSourceId;
    uint32_t Flags;
    NTF_U64 GpuVirtualAddress; /* out */
    union {
        uint32_t Priority;
        uintptr_t Unused;
    };
    uintptr_t Reserved[5];
} D3DDDI_ALLOCATIONINFO2;

typedef struct D3DKMT_CREATEALLOCATION { /* of CreateAllocation and of CreateAllocation2 */
    D3DKMT_HANDLE hDevice;
    D3DKMT_HANDLE hResource;    /* in: the one to add to, or 0; out, with CREATE_RESOURCE */
    D3DKMT_HANDLE hGlobalShare; /* out, with CREATE_SHARED alone */
    const void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;
    union {
        const void *pStandardAllocation; /* with STANDARD; its size is not given */
        const void *pPrivateDriverData;  /* of the resource */
    };
    uint32_t PrivateDriverDataSize;
    uint32_t NumAllocations;
    union {
        D3DDDI_ALLOCATIONINFO *pAllocationInfo;   /* of CreateAllocation */
        D3DDDI_ALLOCATIONINFO2 *pAllocationInfo2; /* of CreateAllocation2 */
    };
    uint32_t Flags; /* NTF_ALLOCATION_* */
    ntf_handle hPrivateRuntimeResourceHandle;
} D3DKMT_CREATEALLOCATION;

typedef struct D3DKMT_DESTROYALLOCATION { /* the resource with all that it has, or a list of allocations */
    D3DKMT_HANDLE hDevice;
    D3DKMT_HANDLE hResource;
    const D3DKMT_HANDLE *phAllocationList;
    uint32_t AllocationCount;
} D3DKMT_DESTROYALLOCATION;

typedef struct D3DKMT_DESTROYALLOCATION2 {
    D3DKMT_HANDLE hDevice;
    D3DKMT_HANDLE hResource;
    const D3DKMT_HANDLE *phAllocationList;
    uint32_t AllocationCount;
    uint32_t Flags; /* when the memory may go; soft has none */
} D3DKMT_DESTROYALLOCATION2;

typedef struct D3DDDI_OPENALLOCATIONINFO { /* all out; the call points the data pointer into its total buffer */
    D3DKMT_HANDLE hAllocation;
    const void *pPrivateDriverData;
    uint32_t PrivateDriverDataSize;
} D3DDDI_OPENALLOCATIONINFO;

typedef struct D3DKMT_QUERYRESOURCEINFO { /* by global handle */
    D3DKMT_HANDLE hDevice;
    D3DKMT_HANDLE hGlobalShare;
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;        /* in and out */
    uint32_t TotalPrivateDriverDataSize;    /* out */
    uint32_t ResourcePrivateDriverDataSize; /* out */
    uint32_t NumAllocations;                /* out */
} D3DKMT_QUERYRESOURCEINFO;

typedef struct D3DKMT_OPENRESOURCE { /* of OpenResource and of OpenResource2 */
    D3DKMT_HANDLE hDevice;
    D3DKMT_HANDLE hGlobalShare;
    uint32_t NumAllocations;
    union {
        D3DDDI_OPENALLOCATIONINFO *pOpenAllocationInfo;          /* of OpenResource */
        struct D3DDDI_OPENALLOCATIONINFO2 *pOpenAllocationInfo2; /* of OpenResource2 */
    };
    void *pPrivateRuntimeData;
    uint32_t PrivateRuntimeDataSize;
    void *pResourcePrivateDriverData;
    uint32_t ResourcePrivateDriverDataSize;
    void *pTotalPrivateDriverDataBuffer;
    uint32_t TotalPrivateDriverDataBufferSize; /* in and out */
    D3DKMT_HANDLE hResource;                   /* out */
} D3DKMT_OPENRESOURCE;

#endif /* NTF_KMT_D3DKMT_ALLOCATION_H */
