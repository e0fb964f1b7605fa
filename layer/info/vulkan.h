/* SPDX-License-Identifier: Apache-2.0 */
/* The Vulkan loader and instances, with all that the loader and the layer say while they are made. */
#ifndef NTF_INFO_VULKAN_H
#define NTF_INFO_VULKAN_H

#include "base/os/os.h"
#include "info/os/os.h"
#include "ntfence.h"

struct info_loader {
    struct ntf_library *library; /* NULL: there is no loader */
    PFN_vkGetInstanceProcAddr get;
    uint32_t version;
    char path[INFO_PATH_BYTES];
};
#define INFO_GET(loader, instance, Name) ((PFN_vk##Name)(loader)->get((instance), "vk" #Name))

/* A manifest that the loader has read and that names this layer. */
struct info_manifest {
    char path[INFO_PATH_BYTES];    /* as the loader says it */
    char library[INFO_PATH_BYTES]; /* as the loader puts it together */
    bool implicit;
};

enum { INFO_MANIFESTS_MAX = 8, INFO_LIBRARIES_MAX = 4, INFO_LINES_MAX = 32, INFO_DEVICES_MAX = 16 };

/* What was said to the instance's messenger. Several threads may say something at once. */
struct info_heard {
    struct ntf_lock lock; /* protects all that follows */
    unsigned manifest_count, library_count, line_count, warning_count;
    struct info_manifest manifests[INFO_MANIFESTS_MAX];
    char libraries[INFO_LIBRARIES_MAX][INFO_PATH_BYTES]; /* of our layer, that the loader has put into the chain */
    char lines[INFO_LINES_MAX][512];    /* of the layer: code and sentence */
    char warnings[INFO_LINES_MAX][512]; /* warnings and errors of the loader */
};

struct info_instance {
    const struct info_loader *loader;
    VkInstance handle; /* NULL: it could not be made */
    VkResult result;
    uint32_t version;  /* that it was made with */
    bool listens;      /* the loader can tell what it does */
    bool properties2, fence_capabilities, semaphore_capabilities; /* instance extensions, enabled */
    VkDebugUtilsMessengerEXT messenger;
    bool layered;      /* ntfence is in its chain */
    unsigned told;     /* warnings that were heard while it was made */
    uint32_t device_count;
    VkPhysicalDevice devices[INFO_DEVICES_MAX];
    struct info_heard heard;
};

bool info_loader_open(struct info_loader *loader);
void info_loader_close(struct info_loader *loader);
/* Whether the loader lists the layer, so that an application may name it. */
bool info_loader_lists_layer(const struct info_loader *loader);

/* Makes an instance with what the surroundings give, and this layer by name if that is wanted. In memory of the
 * caller's to free with info_instance_end, also when it could not be made. */
struct info_instance *info_instance_make(const struct info_loader *loader, bool name_layer);
void info_instance_end(struct info_instance *instance);

/* Changes this process's variables so that the loader leaves the layer out; the second call puts them back. */
void info_layer_leave_out(void);
void info_layer_leave_in(void);

/* Takes down one message, for info_instance_make. Exposed because it is a file of its own. */
void info_heard_take(struct info_heard *heard, bool warning, const char *id, const char *text);

#endif /* NTF_INFO_VULKAN_H */
