/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the self-test about fences that are not required: native ones, and how wide a value is. */
#include <stdio.h>
#include <string.h>

#include "kmt/provider.h"
#include "kmt/resource.h"

const char *ntf_prove_unreadable(const void *address, uint64_t expected)
{
    if (!address)
        return "success without a CPU address";
    if ((uintptr_t)address % sizeof(uint64_t) != 0)
        return "the CPU address is not aligned";
    if (ntf_load((ntf_au64 *)(uintptr_t)address, NTF_ACQUIRE) != expected)
        return "the CPU address does not show the initial value";
    return NULL;
}

bool ntf_prove_refuse(struct ntf_verdict *verdict, enum ntf_proof proof, ntf_status status, const char *what)
{
    /* A step that succeeded, and did not do what it said. */
    verdict->status[proof] = status == NTF_STATUS_SUCCESS ? NTF_STATUS_UNSUCCESSFUL : status;
    (void)snprintf(verdict->notes[proof], sizeof verdict->notes[proof], "%s", what);
    return false;
}

/* Adapters without 64-bit atomics keep 32 bits behind the address, except of fences made with NoGPUAccess
 * (D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS); no call says which adapter it is. */
bool ntf_prove_width(const struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    D3DKMT_CREATESYNCHRONIZATIONOBJECT2 create;
    const char *why;
    ntf_status status;

    memset(&create, 0, sizeof create);
    create.hDevice = kmt->device;
    create.Info.Type = D3DDDI_MONITORED_FENCE;
    create.Info.MonitoredFence.InitialFenceValue = NTF_PROOF_INITIAL;
    status = kmt->thunks.CreateSynchronizationObject2(&create);
    if (status != NTF_STATUS_SUCCESS)
        return ntf_prove_refuse(verdict, NTF_PROOF_WIDTH, status, "create");
    why = ntf_prove_unreadable(create.Info.MonitoredFence.FenceValueCPUVirtualAddress, NTF_PROOF_INITIAL);
    ntf_resource_close_sync(kmt, create.hSyncObject);
    verdict->status[NTF_PROOF_WIDTH] = NTF_STATUS_SUCCESS;
    return !why || ntf_prove_refuse(verdict, NTF_PROOF_WIDTH, NTF_STATUS_SUCCESS, why);
}

/* Whether the system says that this adapter has native fences. Two ways to ask; that the driver is of a version which
 * could have them says nothing, some systems report such a version and have none. */
static ntf_status ask_for_native(const struct ntf_kmt *kmt, const char **what)
{
    D3DKMT_ISFEATUREENABLED feature = {.hAdapter = kmt->adapter, .FeatureId = DXGK_FEATURE_NATIVE_FENCE};
    D3DKMT_WDDM_3_1_CAPS caps = {0};
    const D3DKMT_QUERYADAPTERINFO query = {
        .hAdapter = kmt->adapter,
        .Type = KMTQAITYPE_WDDM_3_1_CAPS,
        .pPrivateDriverData = &caps,
        .PrivateDriverDataSize = sizeof caps,
    };
    ntf_status status;

    *what = "not exported";
    if (!kmt->thunks.IsFeatureEnabled || !kmt->thunks.CreateNativeFence || !kmt->thunks.OpenNativeFenceFromNtHandle)
        return NTF_STATUS_NOT_IMPLEMENTED;
    *what = "feature 37";
    status = kmt->thunks.IsFeatureEnabled(&feature);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    if (!(feature.Result.Value & NTF_FEATURE_ENABLED))
        return NTF_STATUS_NOT_SUPPORTED;
    *what = "caps of type 80";
    status = kmt->thunks.QueryAdapterInfo(&query);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    return caps.Value & NTF_WDDM_3_1_CAPS_NATIVE_FENCE ? NTF_STATUS_SUCCESS : NTF_STATUS_NOT_SUPPORTED;
}

/* The calls have been published in three layouts, and carry neither size nor version. The feature query came with the
 * second, which creates as the third does (kmt/d3dkmt_native.h): a kernel that answers it reads what is filled in here.
 * The first is never asked to create, it would read something else. */
bool ntf_prove_native(const struct ntf_kmt *kmt, struct ntf_verdict *verdict)
{
    union {
        D3DKMT_CREATENATIVEFENCE fence;
        _Alignas(8) uint8_t bytes[NTF_NATIVE_FENCE_BLOCK_SIZE];
    } block;
    const char *what, *why;
    ntf_status status = ask_for_native(kmt, &what);

    if (status != NTF_STATUS_SUCCESS)
        return ntf_prove_refuse(verdict, NTF_PROOF_NATIVE, status, what);
    memset(&block, 0, sizeof block);
    block.fence.hDevice = kmt->device;
    block.fence.Info.InitialFenceValue = NTF_PROOF_INITIAL;
    block.fence.Info.Type = D3DDDI_NATIVEFENCE_TYPE_DEFAULT;
    status = kmt->thunks.CreateNativeFence(&block.fence);
    if (status != NTF_STATUS_SUCCESS)
        return ntf_prove_refuse(verdict, NTF_PROOF_NATIVE, status, "create");
    why = block.fence.hSyncObject
              ? ntf_prove_unreadable(block.fence.Info.NativeFenceMapping.CurrentValueCpuVa, NTF_PROOF_INITIAL)
              : "success without an object";
    ntf_resource_close_sync(kmt, block.fence.hSyncObject);
    verdict->status[NTF_PROOF_NATIVE] = NTF_STATUS_SUCCESS;
    return !why || ntf_prove_refuse(verdict, NTF_PROOF_NATIVE, NTF_STATUS_SUCCESS, why);
}
