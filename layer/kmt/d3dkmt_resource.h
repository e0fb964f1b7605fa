/* SPDX-License-Identifier: Apache-2.0 */
/* Resource bundles and keyed mutexes. A part of kmt/d3dkmt.h. */
#ifndef NTF_KMT_D3DKMT_RESOURCE_H
#define NTF_KMT_D3DKMT_RESOURCE_H

/* ---- Resource bundles ---------------------------------------------------------------------- */

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
    D3DDDI_OPENALLOCATIONINFO2 *pOpenAllocationInfo2; /* required, whatever the page says */
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

/* ---- Keyed mutexes ------------------------------------------------------------------------- */

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

#endif /* NTF_KMT_D3DKMT_RESOURCE_H */
