// SPDX-License-Identifier: Apache-2.0
/*
 * A Direct3D runtime as the maker of shared fences, by its public interfaces alone. Results are HRESULTs: negative is
 * failure. runtime_win32.c; elsewhere there is none (runtime_posix.c).
 */
#ifndef DEMO_RUNTIME_H
#define DEMO_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

enum runtime_kind { RUNTIME_D3D12, RUNTIME_D3D11 };

struct runtime;
struct runtime_fence {
    void *fence, *event;
    uint64_t handle; // the NT handle
};

/* On the first adapter, else on the software one. NULL: it has said why. */
struct runtime *runtime_open(enum runtime_kind kind);
void runtime_close(struct runtime *runtime);

/* A fence with value 0, shared under the name. False: it has said why. */
bool runtime_fence_make(struct runtime *runtime, const char *name, struct runtime_fence *fence);
void runtime_fence_destroy(struct runtime *runtime, struct runtime_fence *fence);

/* Direct3D 12: from the CPU. Direct3D 11 knows the GPU's alone: of its context, flushed. */
int32_t runtime_signal(struct runtime *runtime, struct runtime_fence *fence, uint64_t value);
/* Blocks until the fence is at or above the value. */
int32_t runtime_wait(struct runtime *runtime, struct runtime_fence *fence, uint64_t value);

#endif
