// SPDX-License-Identifier: Apache-2.0
// What the loader finds: the three functions of its interface with drivers, version 5.
#include "driver.h"

#include <string.h>

enum { INTERFACE_VERSION = 5 };

struct row {
    const char *name;
    PFN_vkVoidFunction function;
    enum level level;
    uint32_t version;
    enum extension extension;
};

static const struct row rows[] = {
#define ROW(Name, level, version, extension) {"vk" #Name, (PFN_vkVoidFunction)vk##Name, level, version, extension},
    FAKE_COMMANDS(ROW)
#undef ROW
};

static const struct {
    const char *name, *first;
    enum extension extension;
} aliases[] = {
#define ROW(Name, First, extension) {"vk" #Name, "vk" #First, extension},
    FAKE_ALIASES(ROW)
#undef ROW
};

// By either name; an alias has no version of its own.
static bool find(const char *name, struct row *out)
{
    const char *first = name;
    enum extension of_alias = NO_EXTENSION;

    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, name) == 0) {
            first = aliases[i].first;
            of_alias = aliases[i].extension;
        }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, first) == 0) {
            *out = rows[i];
            if (of_alias != NO_EXTENSION) {
                out->version = NEVER;
                out->extension = of_alias;
            }
            return true;
        }
    return false;
}

static bool has(uint64_t set, enum extension extension)
{
    return extension != NO_EXTENSION && (set & UINT64_C(1) << extension);
}

// ---- for a device: what its extensions bring, and what the core has

// With maintenance5 a core command above the application's version is not given out; without, drivers differ, and this
// one gives out what it has.
static uint32_t version_of(const struct device *device)
{
    const uint32_t asked = device->instance->version;

    return has(device->extensions, EXT_KHR_maintenance5) && asked < state.version ? asked : state.version;
}

static bool device_has(const struct device *device, const struct row *row)
{
    if (row->level != DEVICE)
        return false;
    return (row->version != NEVER && row->version <= (version_of(device) | 0xFFF)) ||
           has(device->extensions, row->extension);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetDeviceProcAddr(VkDevice handle, const char *name)
{
    struct call call;
    struct row row;
    PFN_vkVoidFunction function = NULL;

    if (call_begin(&call, CMD_GetDeviceProcAddr, handle)) {
        if (strcmp(name, "vkGetDeviceProcAddr") == 0)
            function = (PFN_vkVoidFunction)vkGetDeviceProcAddr;
        else if (find(name, &row) && device_has(call.device, &row))
            function = row.function;
    }
    (void)call_end(&call, VK_SUCCESS);
    return function;
}

// ---- for an instance: everything that might be there

static bool is_known(const struct row *row)
{
    return (row->version != NEVER && row->version <= (state.version | 0xFFF)) || has(state.listed, row->extension);
}

static PFN_vkVoidFunction instance_function(const char *name, bool live)
{
    PFN_vkVoidFunction function = NULL;
    struct row row;

    state_lock();
    if (find(name, &row) && is_known(&row) && (live || row.level == GLOBAL))
        function = row.function;
    state_unlock();
    return function;
}

NTF_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vk_icdGetInstanceProcAddr(VkInstance instance, const char *name)
{
    return instance_function(name, instance != VK_NULL_HANDLE);
}

NTF_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vk_icdGetPhysicalDeviceProcAddr(VkInstance instance,
                                                                                   const char *name)
{
    struct row row;

    return find(name, &row) && row.level == PHYSICAL ? instance_function(name, instance != VK_NULL_HANDLE) : NULL;
}

NTF_EXPORT VKAPI_ATTR VkResult VKAPI_CALL vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version)
{
    (void)ntf_os_pin_module(); // handles and what the judge has seen stay
    if (*version > INTERFACE_VERSION)
        *version = INTERFACE_VERSION;
    return VK_SUCCESS;
}

const struct fake *ntf_fake(void);
NTF_EXPORT const struct fake *ntf_fake(void)
{
    return control();
}
