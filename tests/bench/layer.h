// SPDX-License-Identifier: Apache-2.0
/* What two layers of the benchmark share: they go into the chain, and hook some of a device's commands. */
#ifndef BENCH_LAYER_H
#define BENCH_LAYER_H

#include <vulkan/vk_layer.h>

struct layer_hook {
    const char *name;
    PFN_vkVoidFunction function;
};
/* The layer's own; the last has no name. */
extern const struct layer_hook layer_hooks[];
/* A device has been made. */
void layer_device_made(VkDevice device, PFN_vkGetDeviceProcAddr next);

#define LAYER_HOOK(Name, function)                                                                                     \
    {                                                                                                                  \
        "vk" #Name, (PFN_vkVoidFunction)(function)                                                                     \
    }
#define LAYER_HOOKS_END                                                                                                \
    {                                                                                                                  \
        NULL, NULL                                                                                                     \
    }

static inline void *layer_key(const void *dispatchable)
{
    return *(void *const *)dispatchable;
}

#endif
