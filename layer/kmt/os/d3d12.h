/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kmt floor asks of the Direct3D 12 runtime: a fence by its NT handle, and the few calls on it. win32/d3d12.c
 * loads the runtime; elsewhere there is none, and nothing is ever opened.
 *
 * Results of the runtime are HRESULTs, in an int32_t: negative is failure.
 */
#ifndef NTF_KMT_OS_D3D12_H
#define NTF_KMT_OS_D3D12_H

#include "kmt/kmt.h"

#define NTF_HRESULT_NOT_IMPLEMENTED ((int32_t)0x80004001) /* E_NOTIMPL */
#define NTF_HRESULT_NO_INTERFACE    ((int32_t)0x80004002) /* E_NOINTERFACE */
#define NTF_HRESULT_NO_ACCESS       ((int32_t)0x80070005) /* E_ACCESSDENIED */
#define NTF_HRESULT_NO_MEMORY       ((int32_t)0x8007000E) /* E_OUTOFMEMORY */
#define NTF_HRESULT_INVALID         ((int32_t)0x80070057) /* E_INVALIDARG */
#define NTF_HRESULT_BAD_HANDLE      ((int32_t)0x80070006) /* E_HANDLE */
#define NTF_HRESULT_UNSUPPORTED     ((int32_t)0x887A0004) /* DXGI_ERROR_UNSUPPORTED */
#define NTF_HRESULT_REMOVED         ((int32_t)0x887A0005) /* DXGI_ERROR_DEVICE_REMOVED */

struct ntf_d3d12_fence;

/* Opens the fence with a device on the adapter that has this LUID, else on another. The device is made now, unless
 * one is there that other fences have been opened with; it lasts as long as they do. On failure NULL; the trace says
 * what was asked and answered, and *answer is what ID3D12Device::OpenSharedHandle said, or 0 if it was not asked.
 * An import that the runtime itself makes meanwhile is refused. */
struct ntf_d3d12_fence *ntf_d3d12_fence_open(ntf_handle handle, ntf_luid luid, struct ntf_trace *trace,
                                             int32_t *answer);
/* Lets go of the fence, and of its device if no other fence needs it. */
void ntf_d3d12_fence_close(struct ntf_d3d12_fence *fence);

/* From any thread. The value: all ones once the device has been removed. */
uint64_t ntf_d3d12_fence_value(struct ntf_d3d12_fence *fence);
int32_t ntf_d3d12_fence_signal(struct ntf_d3d12_fence *fence, uint64_t value);
/* Sets the event once the value is there, which may be now. Cannot be taken back. */
int32_t ntf_d3d12_fence_notify(struct ntf_d3d12_fence *fence, uint64_t value, ntf_handle event);
/* A new NT handle, without a name. attributes: security descriptor and inheritance, or NULL. */
int32_t ntf_d3d12_fence_share(struct ntf_d3d12_fence *fence, const ntf_object_attributes *attributes, ntf_handle *out);

#endif /* NTF_KMT_OS_D3D12_H */
