// SPDX-License-Identifier: Apache-2.0
/* Who makes and signals the producer's fences: D3DKMT (kernel.h), or a runtime of Direct3D (runtime.h). */
#ifndef DEMO_MAKER_H
#define DEMO_MAKER_H

#include "kernel.h"
#include "runtime.h"

struct maker {
    struct runtime *runtime; // NULL: D3DKMT
    struct kernel kernel;
};

struct made_fence {
    struct kernel_fence kernel;
    struct runtime_fence runtime;
    uint64_t handle; // the NT handle; open for as long as the name shall live
    char name[64];   // as an application would say it
};

/* kind: of fences: "auto", "monitored", "d3d12", "d3d11". False: there is no such runtime here, as has been said. Ends
 * the program if there is no D3DKMT, or no such kind. */
bool maker_open(struct maker *maker, const char *kind);
void maker_close(struct maker *maker);

/* A shared fence with value 0. False: the runtime cannot share, as has been said. Ends the program where D3DKMT
 * can't. */
bool maker_make(struct maker *maker, const char *name, struct made_fence *fence);
void maker_destroy(struct maker *maker, struct made_fence *fence);

/* 0: done; else the NTSTATUS or HRESULT. */
int32_t maker_signal(struct maker *maker, struct made_fence *fence, uint64_t value);
/* Blocks until the fence is at or above the value. */
int32_t maker_wait(struct maker *maker, struct made_fence *fence, uint64_t value);

#endif
