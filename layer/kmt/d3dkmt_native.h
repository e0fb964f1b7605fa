/* SPDX-License-Identifier: Apache-2.0 */
/* Native fences, in the three generations of their structures. A part of kmt/d3dkmt.h. */
#ifndef NTF_KMT_D3DKMT_NATIVE_H
#define NTF_KMT_D3DKMT_NATIVE_H

/* ---- Native fences ----------------------------------------------------------------------------
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

#endif /* NTF_KMT_D3DKMT_NATIVE_H */
