// SPDX-License-Identifier: Apache-2.0
/*
 * The peer of the layer's tests: makes, shares and signals fences with D3DKMT calls alone, from the
 * library that NTFENCE_D3DKMT names, else from gdi32.dll. Every failure fails the test.
 */
#ifndef NTF_TEST_LAYER_KERNEL_H
#define NTF_TEST_LAYER_KERNEL_H

#include <stdbool.h>

#include "kmt/d3dkmt.h"

struct kernel_fence {
    D3DKMT_HANDLE object;
    ntf_handle handle;         // an NT handle; NULL once closed
    const uint64_t *value;     // CurrentValue
    const char16_t *name;      // static storage of the fence's; NULL: none
    char16_t name_units[64];
};

// Idempotent; call it first in main.
void kernel_open(void);
void kernel_close(void);

// A shared fence, native or monitored; named if wanted (a name that no other fence of any process has).
void kernel_make(struct kernel_fence *fence, bool native, bool named, uint64_t initial);
void kernel_signal(const struct kernel_fence *fence, uint64_t value);
uint64_t kernel_value(const struct kernel_fence *fence);
// Blocks until the fence is at or above the value.
void kernel_wait(const struct kernel_fence *fence, uint64_t value);
// Closes the NT handle now; with it goes the name.
void kernel_close_handle(struct kernel_fence *fence);
// Everything that is left of it.
void kernel_destroy(struct kernel_fence *fence);

#endif
