/* SPDX-License-Identifier: Apache-2.0 */
#include "info/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "info/words.h"

#define GET(Name) INFO_GET(instance->loader, instance->handle, Name)
enum { EXTENSIONS_MAX = 2048 };

static const VkExternalFenceHandleTypeFlagBits fence_types[INFO_FENCE_TYPES] = {
    VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT, VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT,
    VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_FD_BIT, VK_EXTERNAL_FENCE_HANDLE_TYPE_SYNC_FD_BIT
};
static const char *const fence_type_names[INFO_FENCE_TYPES] = { "OPAQUE_WIN32", "OPAQUE_WIN32_KMT", "OPAQUE_FD",
                                                                "SYNC_FD" };
static const char *const fence_type_keys[INFO_FENCE_TYPES] = { "opaque_win32", "opaque_win32_kmt", "opaque_fd",
                                                               "sync_fd" };

/* ---- reading ---- */

static void read_extensions(const struct info_instance *instance, struct info_device *device, bool *driver)
{
    const PFN_vkEnumerateDeviceExtensionProperties enumerate = GET(EnumerateDeviceExtensionProperties);
    const struct {
        const char *name;
        bool *listed;
    } names[] = {
        { VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, &device->fence_import },
        { VK_KHR_EXTERNAL_FENCE_WIN32_EXTENSION_NAME, &device->fence_win32 },
        { "VK_KHR_external_fence_fd", &device->fence_fd },
        { VK_KHR_EXTERNAL_FENCE_EXTENSION_NAME, &device->needs_base },
        { VK_KHR_EXTERNAL_SEMAPHORE_WIN32_EXTENSION_NAME, &device->semaphore_win32 },
        { VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME, &device->timeline },
        { VK_KHR_DRIVER_PROPERTIES_EXTENSION_NAME, driver },
    };
    VkExtensionProperties *list = calloc(EXTENSIONS_MAX, sizeof *list);
    uint32_t count = EXTENSIONS_MAX;

    if (!list || enumerate(device->handle, NULL, &count, list) < 0)
        count = 0;
    for (uint32_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (strcmp(list[i].extensionName, names[k].name) == 0)
                *names[k].listed = true;
    free(list);
}

/* The command of Vulkan 1.1, or its namesake of an instance extension; NULL: neither. */
static PFN_vkVoidFunction either(const struct info_instance *instance, const struct info_device *device,
                                 const char *core, const char *khr, bool enabled)
{
    if (enabled)
        return instance->loader->get(instance->handle, khr);
    return device->version >= VK_API_VERSION_1_1 ? instance->loader->get(instance->handle, core) : NULL;
}
#define EITHER(Name, enabled)                                                                                          \
    ((PFN_vk##Name)either(instance, device, "vk" #Name, "vk" #Name "KHR", instance->enabled))

static void read_properties(const struct info_instance *instance, struct info_device *device, bool driver)
{
    const PFN_vkGetPhysicalDeviceProperties2 get = EITHER(GetPhysicalDeviceProperties2, properties2);
    VkPhysicalDeviceDriverProperties names = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES };
    VkPhysicalDeviceIDProperties id = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES };
    VkPhysicalDeviceProperties2 properties = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2 };

    if (!get)
        return;
    /* Valid usage: the identity is of Vulkan 1.1 or of the capabilities' extensions. */
    if (device->version >= VK_API_VERSION_1_1 || instance->fence_capabilities)
        properties.pNext = &id;
    if (driver || device->version >= VK_API_VERSION_1_2) {
        names.pNext = properties.pNext;
        properties.pNext = &names;
    }
    get(device->handle, &properties);
    if (names.driverName[0])
        (void)snprintf(device->driver, sizeof device->driver, "%s %s", names.driverName, names.driverInfo);
    device->luid_valid = id.deviceLUIDValid;
    memcpy(&device->luid, id.deviceLUID, sizeof device->luid);
}

static void read_fences(const struct info_instance *instance, struct info_device *device)
{
    const PFN_vkGetPhysicalDeviceExternalFenceProperties ask =
        EITHER(GetPhysicalDeviceExternalFenceProperties, fence_capabilities);

    device->asked_fences = ask != NULL;
    for (int i = 0; i < INFO_FENCE_TYPES && ask; i++) {
        const VkPhysicalDeviceExternalFenceInfo info = {
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_FENCE_INFO, .handleType = fence_types[i]
        };
        VkExternalFenceProperties answer = { .sType = VK_STRUCTURE_TYPE_EXTERNAL_FENCE_PROPERTIES };

        ask(device->handle, &info, &answer);
        device->fences[i] = answer.externalFenceFeatures;
    }
}

static VkExternalSemaphoreFeatureFlags ask_d3d12(PFN_vkGetPhysicalDeviceExternalSemaphoreProperties ask,
                                                 VkPhysicalDevice device, bool timeline)
{
    const VkSemaphoreTypeCreateInfo type = { .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                             .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE };
    const VkPhysicalDeviceExternalSemaphoreInfo info = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO, .pNext = timeline ? &type : NULL,
        .handleType = VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT
    };
    VkExternalSemaphoreProperties answer = { .sType = VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES };

    ask(device, &info, &answer);
    return answer.externalSemaphoreFeatures;
}

static void read_semaphores(const struct info_instance *instance, struct info_device *device)
{
    const PFN_vkGetPhysicalDeviceExternalSemaphoreProperties ask =
        EITHER(GetPhysicalDeviceExternalSemaphoreProperties, semaphore_capabilities);

    device->asked_semaphores = ask != NULL;
    if (!ask)
        return;
    device->d3d12_binary = ask_d3d12(ask, device->handle, false);
    if (device->timeline)
        device->d3d12_timeline = ask_d3d12(ask, device->handle, true);
}

void info_device_read(const struct info_instance *instance, VkPhysicalDevice handle, struct info_device *out)
{
    bool driver = false;

    memset(out, 0, sizeof *out);
    out->handle = handle;
    GET(GetPhysicalDeviceProperties)(handle, &out->properties);
    out->version = out->properties.apiVersion < instance->version ? out->properties.apiVersion : instance->version;
    read_extensions(instance, out, &driver);
    out->fence_base = out->needs_base || out->version >= VK_API_VERSION_1_1;
    out->needs_base = out->needs_base && out->version < VK_API_VERSION_1_1;
    out->timeline = out->timeline || out->version >= VK_API_VERSION_1_2;
    read_properties(instance, out, driver);
    read_fences(instance, out);
    read_semaphores(instance, out);
}

static bool looks_the_same(const struct info_device *a, const struct info_device *b)
{
    return a->properties.vendorID == b->properties.vendorID && a->properties.deviceID == b->properties.deviceID &&
           strcmp(a->properties.deviceName, b->properties.deviceName) == 0;
}

const struct info_device *info_device_find(const struct info_device *list, uint32_t count,
                                           const struct info_device *like, uint32_t skip)
{
    for (uint32_t i = 0; i < count; i++)
        if (looks_the_same(&list[i], like) && skip-- == 0)
            return &list[i];
    return NULL;
}

/* ---- telling ---- */

static const char *type_name(VkPhysicalDeviceType type)
{
    static const char *const names[] = { "other", "integrated GPU", "discrete GPU", "virtual GPU", "CPU" };

    return (unsigned)type < sizeof names / sizeof *names ? names[type] : "unknown";
}

static const char *features_text(unsigned features)
{
    static const char *const texts[] = { "no", "export only", "import only", "import and export" };

    /* VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT and ..._IMPORTABLE_BIT; those of semaphores are the same. */
    return texts[features & 3];
}

/* In JSON two truths, in the text a phrase. */
static void add_features(struct info_node *node, const char *key, const char *title, unsigned features)
{
    struct info_node *both = info_object(node, key, NULL);

    info_flag(both, "import", NULL, (features & VK_EXTERNAL_FENCE_FEATURE_IMPORTABLE_BIT) != 0);
    info_flag(both, "export", NULL, (features & VK_EXTERNAL_FENCE_FEATURE_EXPORTABLE_BIT) != 0);
    info_text(node, NULL, title, "%s", features_text(features));
}

static void add_fences(struct info_node *node, const struct info_device *device)
{
    if (!device->asked_fences) {
        info_note(node, "fence handles cannot be asked about: neither Vulkan 1.1 nor "
                        "VK_KHR_external_fence_capabilities");
        return;
    }
    for (int i = 0; i < INFO_FENCE_TYPES; i++) {
        char title[40];

        (void)snprintf(title, sizeof title, "fences as %s", fence_type_names[i]);
        add_features(node, fence_type_keys[i], title, device->fences[i]);
    }
}

static void describe_bare(struct info_node *entry, const struct info_device *bare)
{
    struct info_node *node = info_object(entry, "driver_alone", "The driver by itself, without the layer");

    info_flag(node, "external_fence_win32", "VK_KHR_external_fence_win32", bare->fence_win32);
    info_flag(node, "external_fence_fd", "VK_KHR_external_fence_fd", bare->fence_fd);
    add_fences(node, bare);
    info_flag(node, "external_semaphore_win32", "VK_KHR_external_semaphore_win32", bare->semaphore_win32);
    info_flag(node, "timeline_semaphore", "timeline semaphores", bare->timeline);
    if (!bare->asked_semaphores) {
        info_note(node, "semaphore handles cannot be asked about: neither Vulkan 1.1 nor "
                        "VK_KHR_external_semaphore_capabilities");
        return;
    }
    add_features(node, "d3d12_fence_binary", "D3D12 fences as semaphores", bare->d3d12_binary);
    add_features(node, "d3d12_fence_timeline", "... as timeline semaphores", bare->d3d12_timeline);
}

static void describe_layered(struct info_node *entry, const struct info_device *bare,
                             const struct info_device *layered)
{
    struct info_node *node = info_object(entry, "with_layer", "With the layer");
    const char *from = !layered->fence_win32 ? "nobody" : !bare ? "unknown" : bare->fence_win32 ? "driver" : "layer";

    info_text(node, "external_fence_win32_from", NULL, "%s", from);
    info_text(node, NULL, "VK_KHR_external_fence_win32", "%s%s", layered->fence_win32 ? "yes, from: " : "no",
              layered->fence_win32 ? from : "");
    info_flag(node, "fence_import", VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME, layered->fence_import);
    add_fences(node, layered);
    if (bare && bare->fence_win32)
        info_note(node, "The driver has the extension itself: the layer leaves exports to it, unless the setting force "
                        "is 1, and serves imports where " VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME " is enabled.");
    if (!layered->fence_win32 && !layered->fence_base)
        info_note(node, "VK_KHR_external_fence_win32 is not offered: the device has neither Vulkan 1.1 nor "
                        "VK_KHR_external_fence, which it depends on");
}

void info_device_describe(struct info_node *entry, const struct info_device *bare, const struct info_device *layered)
{
    const struct info_device *device = bare ? bare : layered;
    const VkPhysicalDeviceProperties *properties = &device->properties;

    info_text(entry, "name", NULL, "%s", properties->deviceName);
    info_text(entry, "type", "type", "%s", type_name(properties->deviceType));
    info_text(entry, "api_version", "Vulkan", "%s", info_version_words(properties->apiVersion).text);
    info_text(entry, "driver", device->driver[0] ? "driver" : NULL, "%s", device->driver);
    info_number(entry, "vendor_id", NULL, properties->vendorID);
    info_number(entry, "device_id", NULL, properties->deviceID);
    info_number(entry, "driver_version", NULL, properties->driverVersion);
    info_text(entry, NULL, "vendor and device", "0x%04x 0x%04x, driver version 0x%08x", properties->vendorID,
              properties->deviceID, properties->driverVersion);
    if (device->luid_valid)
        info_text(entry, "luid", "LUID", "%08x:%08x", (unsigned)device->luid.HighPart,
                  (unsigned)device->luid.LowPart);
    else
        info_text(entry, NULL, "LUID", "none: the layer uses the first software adapter of D3DKMT, else the first");
    if (bare)
        describe_bare(entry, bare);
    else
        info_note(entry, "What the driver has by itself could not be seen: the layer could not be left out.");
    if (layered)
        describe_layered(entry, bare, layered);
}
