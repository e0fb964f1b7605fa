/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "info/vulkan.h"
#include "vulkan/origin.h"

enum { EXTENSIONS_MAX = 4, LIST_MAX = 2048, VALUE_BYTES = 4096 };

/* ---- the loader ---- */

bool info_loader_open(struct info_loader *loader)
{
    PFN_vkEnumerateInstanceVersion version;

    memset(loader, 0, sizeof *loader);
    loader->library = info_os_vulkan(loader->path);
    if (loader->library)
        loader->get = (PFN_vkGetInstanceProcAddr)ntf_library_symbol(loader->library, "vkGetInstanceProcAddr");
    if (!loader->get)
        return false;
    loader->version = VK_API_VERSION_1_0; /* what has no vkEnumerateInstanceVersion is that */
    version = INFO_GET(loader, NULL, EnumerateInstanceVersion);
    if (version)
        (void)version(&loader->version);
    return true;
}

void info_loader_close(struct info_loader *loader)
{
    if (loader->library)
        ntf_library_close(loader->library);
    memset(loader, 0, sizeof *loader);
}

bool info_loader_lists_layer(const struct info_loader *loader)
{
    const PFN_vkEnumerateInstanceLayerProperties enumerate = INFO_GET(loader, NULL, EnumerateInstanceLayerProperties);
    VkLayerProperties *list = calloc(LIST_MAX, sizeof *list);
    uint32_t count = LIST_MAX;
    bool found = false;

    if (enumerate && list && enumerate(&count, list) >= 0)
        for (uint32_t i = 0; i < count && !found; i++)
            found = strcmp(list[i].layerName, NTFENCE_LAYER_NAME) == 0;
    free(list);
    return found;
}

/* ---- instances ---- */

static VKAPI_ATTR VkBool32 VKAPI_CALL hear(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                           VkDebugUtilsMessageTypeFlagsEXT types,
                                           const VkDebugUtilsMessengerCallbackDataEXT *data, void *context)
{
    struct info_instance *instance = context;

    (void)types;
    if (data->pMessage)
        info_heard_take(&instance->heard, severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
                        data->pMessageIdName ? data->pMessageIdName : "", data->pMessage);
    return VK_FALSE;
}

static uint32_t choose_extensions(struct info_instance *instance, const char *names[EXTENSIONS_MAX])
{
    const PFN_vkEnumerateInstanceExtensionProperties enumerate =
        INFO_GET(instance->loader, NULL, EnumerateInstanceExtensionProperties);
    const struct {
        const char *name;
        bool *enabled;
    } wanted[EXTENSIONS_MAX] = {
        { VK_EXT_DEBUG_UTILS_EXTENSION_NAME, &instance->listens },
        { VK_KHR_GET_PHYSICAL_DEVICE_PROPERTIES_2_EXTENSION_NAME, &instance->properties2 },
        { VK_KHR_EXTERNAL_FENCE_CAPABILITIES_EXTENSION_NAME, &instance->fence_capabilities },
        { VK_KHR_EXTERNAL_SEMAPHORE_CAPABILITIES_EXTENSION_NAME, &instance->semaphore_capabilities },
    };
    VkExtensionProperties *list = calloc(LIST_MAX, sizeof *list);
    uint32_t count = LIST_MAX, chosen = 0;

    if (!enumerate || !list || enumerate(NULL, &count, list) < 0)
        count = 0;
    for (uint32_t i = 0; i < count; i++)
        for (unsigned k = 0; k < EXTENSIONS_MAX; k++)
            if (!*wanted[k].enabled && strcmp(list[i].extensionName, wanted[k].name) == 0) {
                *wanted[k].enabled = true;
                names[chosen++] = wanted[k].name;
            }
    free(list);
    return chosen;
}

static bool lists_extension_of_ours(const struct info_instance *instance, VkPhysicalDevice device)
{
    const PFN_vkEnumerateDeviceExtensionProperties enumerate =
        INFO_GET(instance->loader, instance->handle, EnumerateDeviceExtensionProperties);
    VkExtensionProperties *list = calloc(LIST_MAX, sizeof *list);
    uint32_t count = LIST_MAX;
    bool found = false;

    if (list && enumerate && enumerate(device, NULL, &count, list) >= 0)
        for (uint32_t i = 0; i < count && !found; i++)
            found = strcmp(list[i].extensionName, VK_NTFENCE_FENCE_IMPORT_EXTENSION_NAME) == 0;
    free(list);
    return found;
}

static void look_around(struct info_instance *instance)
{
    const PFN_vkEnumeratePhysicalDevices enumerate =
        INFO_GET(instance->loader, instance->handle, EnumeratePhysicalDevices);

    instance->device_count = INFO_DEVICES_MAX;
    if (!enumerate || enumerate(instance->handle, &instance->device_count, instance->devices) < 0)
        instance->device_count = 0;
    instance->layered = instance->heard.library_count > 0;
    for (uint32_t i = 0; i < instance->device_count && !instance->layered; i++)
        instance->layered = lists_extension_of_ours(instance, instance->devices[i]);
}

struct info_instance *info_instance_make(const struct info_loader *loader, bool name_layer)
{
    struct info_instance *instance = calloc(1, sizeof *instance);
    const char *layer = NTFENCE_LAYER_NAME, *extensions[EXTENSIONS_MAX];
    VkDebugUtilsMessengerCreateInfoEXT messenger = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = 0x1111, /* all of them: the loader's paths are among the least */
        .messageType = 0x7,
        .pfnUserCallback = hear,
        .pUserData = instance,
    };
    VkApplicationInfo application = { .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                      .pApplicationName = "ntfence-info" };
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &application,
        .enabledLayerCount = name_layer,
        .ppEnabledLayerNames = &layer,
        .ppEnabledExtensionNames = extensions,
    };
    PFN_vkCreateDebugUtilsMessengerEXT create_messenger;
    PFN_vkCreateInstance create;

    if (!instance)
        return NULL;
    ntf_lock_init(&instance->heard.lock);
    instance->loader = loader;
    instance->version = loader->version < VK_API_VERSION_1_1 ? VK_API_VERSION_1_0 : VK_API_VERSION_1_3;
    application.apiVersion = instance->version;
    info.enabledExtensionCount = choose_extensions(instance, extensions);
    info.pNext = instance->listens ? &messenger : NULL;
    create = INFO_GET(loader, NULL, CreateInstance);
    instance->result = create ? create(&info, NULL, &instance->handle) : VK_ERROR_INITIALIZATION_FAILED;
    if (instance->result != VK_SUCCESS) {
        instance->handle = VK_NULL_HANDLE;
        return instance;
    }
    create_messenger = INFO_GET(loader, instance->handle, CreateDebugUtilsMessengerEXT);
    if (instance->listens && create_messenger)
        (void)create_messenger(instance->handle, &messenger, NULL, &instance->messenger);
    look_around(instance);
    instance->told = instance->heard.warning_count;
    return instance;
}

void info_instance_end(struct info_instance *instance)
{
    if (instance && instance->handle) {
        const PFN_vkDestroyDebugUtilsMessengerEXT end_messenger =
            INFO_GET(instance->loader, instance->handle, DestroyDebugUtilsMessengerEXT);
        const PFN_vkDestroyInstance end = INFO_GET(instance->loader, instance->handle, DestroyInstance);

        if (instance->messenger && end_messenger)
            end_messenger(instance->handle, instance->messenger, NULL);
        end(instance->handle, NULL);
    }
    free(instance);
}

/* ---- an instance without the layer ---- */

/* The variables that bring the layer in, or may; by which character their lists are separated; and whether their words
 * are patterns. What this process was started with is kept, to be put back. */
static struct kept {
    const char *name, *separators;
    bool patterns, was_set, left_alone; /* one that is too long stays as it is */
    char value[VALUE_BYTES];
} variables[] = {
    { "VK_INSTANCE_LAYERS", ":;", false, false, false, "" },
    { "VK_LOADER_LAYERS_ENABLE", ",", true, false, false, "" },
    { "VK_LOADER_LAYERS_DISABLE", ",", false, false, false, "" },
    { "NTFENCE_DISABLE", "", false, false, false, "" },
};
enum { LAYERS, ENABLE, DISABLE, OURS, VARIABLES };

/* The list without the words that stand for our layer. */
static void strike(const struct kept *variable, char out[VALUE_BYTES])
{
    const char *at = variable->value;
    size_t n = 0;

    while (*at) {
        const size_t length = strcspn(at, variable->separators);
        char word[VALUE_BYTES];

        memcpy(word, at, length);
        word[length] = '\0';
        if (variable->patterns ? !ntf_origin_matches(word, NTFENCE_LAYER_NAME)
                               : strcmp(word, NTFENCE_LAYER_NAME) != 0) {
            memcpy(out + n, at, length);
            n += length;
            if (at[length])
                out[n++] = at[length];
        }
        at += length + (at[length] != '\0');
    }
    out[n] = '\0';
}

void info_layer_leave_out(void)
{
    char text[VALUE_BYTES + 64];

    for (unsigned i = 0; i < VARIABLES; i++) {
        const int length = ntf_os_getenv(variables[i].name, variables[i].value, VALUE_BYTES);

        variables[i].was_set = length >= 0;
        variables[i].left_alone = length >= VALUE_BYTES;
        if (length < 0 || length >= VALUE_BYTES)
            variables[i].value[0] = '\0';
    }
    for (unsigned i = LAYERS; i <= ENABLE; i++)
        if (variables[i].was_set && !variables[i].left_alone) {
            strike(&variables[i], text);
            info_os_setenv(variables[i].name, text[0] ? text : NULL);
        }
    (void)snprintf(text, sizeof text, "%s%s%s", variables[DISABLE].value, variables[DISABLE].value[0] ? "," : "",
                   NTFENCE_LAYER_NAME);
    if (!variables[DISABLE].left_alone)
        info_os_setenv(variables[DISABLE].name, text);
    info_os_setenv(variables[OURS].name, "1");
}

void info_layer_leave_in(void)
{
    for (unsigned i = 0; i < VARIABLES; i++)
        if (!variables[i].left_alone)
            info_os_setenv(variables[i].name, variables[i].was_set ? variables[i].value : NULL);
}
