// SPDX-License-Identifier: Apache-2.0
// An application's own allocator (Vulkan, "Memory Allocation"): counted, and failing when told to.
#ifndef NTF_TEST_NEIGHBOURS_CALLBACKS_H
#define NTF_TEST_NEIGHBOURS_CALLBACKS_H

#include "../layer/vulkan.h"

#include "base/atomic.h"

struct callbacks {
    VkAllocationCallbacks vulkan;
    ntf_au64 live, made; // blocks
    ntf_au64 fail_at;    // the number of the request, from 1, from which on nothing is given; 0: none
    ntf_au64 strange;    // frees of what was not ours
};
void callbacks_open(struct callbacks *callbacks);

void fences_are_balanced(void **state);
void fences_of_a_failing_allocator(void **state);
void devices_are_balanced(void **state);
void devices_of_a_failing_allocator(void **state);

#endif
