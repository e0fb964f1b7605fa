// SPDX-License-Identifier: Apache-2.0
/*
 * The producer's side of D3DKMT: a library that serves it, one adapter and device, and shared
 * fences under a name. Nothing here knows who made the library; each step is Windows' documented
 * API.
 */
#ifndef DEMO_KERNEL_H
#define DEMO_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/os/abi.h"
#include "kmt/d3dkmt.h"
#include "kmt/ntstatus.h"

/* X(name without D3DKMT, parameters); the last two may be missing. */
#define KERNEL_CALLS(X)                                                                            \
    X(EnumAdapters2, (D3DKMT_ENUMADAPTERS2 *))                                                     \
    X(CloseAdapter, (const D3DKMT_CLOSEADAPTER *))                                                 \
    X(CreateDevice, (D3DKMT_CREATEDEVICE *))                                                       \
    X(DestroyDevice, (const D3DKMT_DESTROYDEVICE *))                                               \
    X(CreateSynchronizationObject2, (D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *))                       \
    X(DestroySynchronizationObject, (const D3DKMT_DESTROYSYNCHRONIZATIONOBJECT *))                 \
    X(ShareObjects,                                                                                \
      (uint32_t, const D3DKMT_HANDLE *, ntf_object_attributes *, uint32_t, ntf_handle *))          \
    X(WaitForSynchronizationObjectFromCpu, (const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU *))   \
    X(SignalSynchronizationObjectFromCpu, (const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *))     \
    X(IsFeatureEnabled, (D3DKMT_ISFEATUREENABLED *))                                               \
    X(CreateNativeFence, (D3DKMT_CREATENATIVEFENCE *))

struct os_library;

struct kernel {
    struct os_library *library;
    D3DKMT_HANDLE adapter, device;
    ntf_luid luid;
    bool monitored_only; // by the user's wish; before the first fence is made
#define KERNEL_MEMBER(Name, params) ntf_status(NTF_APIENTRY *Name) params;
    KERNEL_CALLS(KERNEL_MEMBER)
#undef KERNEL_MEMBER
};

struct kernel_fence {
    D3DKMT_HANDLE object;
    ntf_handle handle; // the NT handle; open for as long as the name shall live
    bool native;
    char name[64]; // as an application would say it
};

/* The library that NTFENCE_D3DKMT names (and then no other); else gdi32.dll, if it really works;
 * else ntfence-d3dkmt beside this program. Says which and why. Ends the program if there is none.
 */
void kernel_open(struct kernel *kernel);
void kernel_close(struct kernel *kernel);

/* A shared fence with value 0: native where feature 37 is enabled and a create succeeds, else
 * monitored. Ends the program on failure. */
void kernel_fence_make(struct kernel *kernel, const char *name, struct kernel_fence *fence);
void kernel_fence_destroy(struct kernel *kernel, struct kernel_fence *fence);

ntf_status kernel_signal(struct kernel *kernel, const struct kernel_fence *fence, uint64_t value);
/* Blocks until the fence is at or above the value. */
ntf_status kernel_wait(struct kernel *kernel, const struct kernel_fence *fence, uint64_t value);

#endif
