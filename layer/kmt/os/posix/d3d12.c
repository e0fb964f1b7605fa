/* SPDX-License-Identifier: Apache-2.0 */
/* No Direct3D 12 runtime on this system: no fence of it is ever opened, so the calls on one are never made. */
#include "kmt/os/d3d12.h"

struct ntf_d3d12_fence *ntf_d3d12_fence_open(ntf_handle handle, ntf_luid luid, struct ntf_trace *trace,
                                             int32_t *answer)
{
    (void)handle;
    (void)luid;
    *answer = 0;
    ntf_trace_add(trace, "d3d12", NTF_STATUS_NOT_SUPPORTED, "not on this system");
    return NULL;
}

void ntf_d3d12_fence_close(struct ntf_d3d12_fence *fence)
{
    (void)fence;
}

uint64_t ntf_d3d12_fence_value(struct ntf_d3d12_fence *fence)
{
    (void)fence;
    return UINT64_MAX;
}

int32_t ntf_d3d12_fence_signal(struct ntf_d3d12_fence *fence, uint64_t value)
{
    (void)fence;
    (void)value;
    return NTF_HRESULT_NOT_IMPLEMENTED;
}

int32_t ntf_d3d12_fence_notify(struct ntf_d3d12_fence *fence, uint64_t value, ntf_handle event)
{
    (void)fence;
    (void)value;
    (void)event;
    return NTF_HRESULT_NOT_IMPLEMENTED;
}

int32_t ntf_d3d12_fence_share(struct ntf_d3d12_fence *fence, const ntf_object_attributes *attributes, ntf_handle *out)
{
    (void)fence;
    (void)attributes;
    (void)out;
    return NTF_HRESULT_NOT_IMPLEMENTED;
}
