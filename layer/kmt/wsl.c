/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/wsl.h"

#include "kmt/os/system.h"

/* A handler that is called without end may break off one call after the other; nobody's does for long. */
#define SIGNAL_TRIES 64

bool ntf_wsl_serves(struct ntf_library *library)
{
    return ntf_library_symbol(library, "D3DKMTShareObjectWithHost") != NULL;
}

/* Gives the handle the properties that were asked for, and a number that is valid; it is gone if that fails. */
static ntf_status settle(ntf_handle handle, bool inherit, ntf_handle *out)
{
    const ntf_handle copy = ntf_system_duplicate_handle(handle, inherit);

    ntf_system_close_handle(handle);
    if (!copy)
        return NTF_STATUS_NO_MEMORY;
    *out = copy;
    return NTF_STATUS_SUCCESS;
}

ntf_status ntf_wsl_share(const struct ntf_kmt *kmt, D3DKMT_HANDLE local, const ntf_object_attributes *attributes,
                         uint32_t access, ntf_handle *out)
{
    const bool inherit = attributes && (attributes->Attributes & NTF_OBJ_INHERIT) != 0;
    ntf_object_attributes none = { .Length = sizeof none };
    union {
        int64_t written; /* by the driver */
        ntf_handle handle;
    } shared = { .written = -1 };
    ntf_status status;

    if (attributes && attributes->ObjectName)
        return NTF_STATUS_NOT_SUPPORTED;
    if (access == 0)
        return NTF_STATUS_ACCESS_DENIED;
    status = kmt->thunks.ShareObjects(1, &local, &none, access, &shared.handle);
    if (status != NTF_STATUS_SUCCESS)
        return status;
    if (shared.written < 0)
        return NTF_STATUS_UNSUCCESSFUL; /* success without a handle */
    return settle((ntf_handle)(intptr_t)shared.written, inherit, out);
}

ntf_status ntf_wsl_signal(const struct ntf_kmt *kmt, const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *signal)
{
    ntf_status status = NTF_STATUS_UNSUCCESSFUL;

    for (int i = 0; i < SIGNAL_TRIES && status == NTF_STATUS_UNSUCCESSFUL; i++)
        status = kmt->thunks.SignalSynchronizationObjectFromCpu(signal);
    return status;
}
