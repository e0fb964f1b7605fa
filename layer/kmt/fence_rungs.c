/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rungs that open a fence of the kernel's: native and monitored.
 *
 * What is opened is kept only if its value can be polled: an address that is there, aligned, and 64 bits wide. On
 * adapters without 64-bit atomics the kernel keeps 32 bits behind the address and handles their wrapping itself; who
 * reads 64 there reads something foreign, and who reads 32 cannot tell a wrapped value from a lower one. So there is no
 * mask that would do, and such a fence is refused. Those made with NoGPUAccess are 64 bits wide everywhere
 * (D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS), and open with that flag only; of others the self-test tells
 * (NTF_PROOF_WIDTH).
 */
#include <string.h>

#include "kmt/climb.h"
#include "kmt/kernel_object.h"

static const char *unpollable(D3DKMT_HANDLE local, const void *address, bool wide)
{
    if (!local)
        return "success without an object";
    if (!address)
        return "success without a CPU address";
    if ((uintptr_t)address % sizeof(uint64_t))
        return "the CPU address is not aligned";
    return wide ? NULL : "its value may have 32 bits, which cannot be polled";
}

/* Makes an object of what the kernel has opened, if its value can be polled. */
static enum ntf_climb_go adopt(struct ntf_climb *climb, const char *step, D3DKMT_HANDLE local, const void *address,
                               bool wide, enum ntf_rung rung)
{
    const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT destroy = {.hSyncObject = local};
    const char *why = unpollable(local, address, wide);
    enum ntf_result result = NTF_E_UNSUPPORTED;

    if (!why) {
        result = ntf_kernel_object_make(climb->kmt, local, address, rung, &climb->opened.object);
        why = result == NTF_OK ? "" : "no memory";
    }
    if (result == NTF_OK) {
        ntf_trace_add(climb->trace, step, NTF_STATUS_SUCCESS, why);
        return NTF_CLIMB_OVER;
    }
    if (local)
        (void)climb->kmt->thunks.DestroySynchronizationObject(&destroy);
    return ntf_climb_refuse(climb, step, NTF_STATUS_SUCCESS, why, result);
}

/* The block is as large as the largest generation of it, and zero: a kernel reads and writes as much of it as it knows.
 * What is set here, and the address that comes back, lie at the same places in all of them. */
enum ntf_climb_go ntf_rung_native(struct ntf_climb *climb)
{
    const char *step = climb->kmt->native ? "native open" : "native open, unproven";
    union {
        D3DKMT_OPENNATIVEFENCEFROMNTHANDLE open;
        _Alignas(8) uint8_t bytes[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } block;
    ntf_status status;

    if (!climb->kmt->thunks.OpenNativeFenceFromNtHandle) {
        ntf_trace_add(climb->trace, step, NTF_STATUS_NOT_IMPLEMENTED, "not exported");
        return NTF_CLIMB_NEXT;
    }
    memset(&block, 0, sizeof block);
    block.open.hNtHandle = climb->handle;
    block.open.hDevice = climb->kmt->device;
    block.open.EngineAffinity = 1;
    block.open.Flags = NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING;
    status = climb->kmt->thunks.OpenNativeFenceFromNtHandle(&block.open);
    if (status != NTF_STATUS_SUCCESS)
        return ntf_climb_refuse(climb, step, status, "", ntf_status_result(status));
    /* "CurrentValue is a 64-bit value", whatever the adapter. */
    return adopt(climb, step, block.open.hSyncObject, block.open.NativeFenceMapping.CurrentValueCpuVa, true,
                 NTF_RUNG_NATIVE);
}
_Static_assert(offsetof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE, NativeFenceMapping.CurrentValueCpuVa) ==
                   offsetof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621, NativeFenceMapping.CurrentValueCpuVa),
               "one place in all generations");
_Static_assert(offsetof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE, hSyncObject) ==
                   offsetof(D3DKMT_OPENNATIVEFENCEFROMNTHANDLE_22621, hSyncObject),
               "one place in all generations");

/* The flags have to match those the object was made with: Direct3D's fences first, with and without the flag that keeps
 * waiters until the object itself dies, then those made by drivers and by D3DKMT callers. */
enum ntf_climb_go ntf_climb_monitored(struct ntf_climb *climb, enum ntf_rung rung)
{
    static const struct {
        uint32_t flags;
        const char *step;
    } ways[] = {
        {NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING | NTF_SYNC_NO_GPU_ACCESS | NTF_SYNC_UNWAIT_ON_DESTROY,
         "monitored open 0x483"},
        {NTF_SYNC_NO_GPU_ACCESS, "monitored open 0x80"},
        {NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, "monitored open 0x3"},
        {0, "monitored open 0"},
    };
    enum ntf_climb_go go = NTF_CLIMB_NEXT;

    for (size_t i = 0; i < sizeof ways / sizeof *ways && go == NTF_CLIMB_NEXT; i++) {
        D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 open;
        ntf_status status;

        memset(&open, 0, sizeof open);
        open.hNtHandle = climb->handle;
        open.hDevice = climb->kmt->device;
        open.Flags = ways[i].flags;
        status = climb->kmt->thunks.OpenSyncObjectFromNtHandle2(&open);
        if (status != NTF_STATUS_SUCCESS)
            go = ntf_climb_refuse(climb, ways[i].step, status, "", ntf_status_result(status));
        else
            go = adopt(climb, ways[i].step, open.hSyncObject, open.MonitoredFence.FenceValueCPUVirtualAddress,
                       climb->kmt->wide || (ways[i].flags & NTF_SYNC_NO_GPU_ACCESS), rung);
    }
    return go;
}

enum ntf_climb_go ntf_rung_monitored(struct ntf_climb *climb)
{
    return ntf_climb_monitored(climb, NTF_RUNG_MONITORED);
}
