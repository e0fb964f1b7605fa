/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader, and three instances: one as every program here gets it; one without the layer, for what the driver has by
 * itself; one with the layer, for the self-test, where the first one does not have it.
 */
#include <stdlib.h>

#include "info/device.h"
#include "info/parts.h"
#include "info/words.h"

struct sight {
    struct info_instance *usual, *bare, *layered; /* the second and third may be NULL, or the first */
};

/* ---- instances ---- */

static void look(const struct info_loader *loader, struct sight *sight)
{
    info_doing("vkCreateInstance");
    sight->usual = info_instance_make(loader, false);
    if (!sight->usual || !sight->usual->handle)
        return;
    if (!sight->usual->layered) {
        sight->bare = sight->usual;
        info_doing("vkCreateInstance, with the layer named");
        sight->layered = info_loader_lists_layer(loader) ? info_instance_make(loader, true) : NULL;
        return;
    }
    sight->layered = sight->usual;
    info_doing("vkCreateInstance, without the layer");
    info_layer_leave_out();
    sight->bare = info_instance_make(loader, false);
    info_layer_leave_in();
    if (sight->bare && (sight->bare->layered || !sight->bare->handle)) {
        info_instance_end(sight->bare);
        sight->bare = NULL;
    }
}

static void look_away(struct sight *sight)
{
    if (sight->bare != sight->usual)
        info_instance_end(sight->bare);
    if (sight->layered != sight->usual)
        info_instance_end(sight->layered);
    info_instance_end(sight->usual);
}

static uint32_t read_devices(const struct info_instance *instance, struct info_device list[INFO_DEVICES_MAX])
{
    const uint32_t count = instance && instance->handle ? instance->device_count : 0;

    for (uint32_t i = 0; i < count; i++)
        info_device_read(instance, instance->devices[i], &list[i]);
    return count;
}

/* ---- the parts ---- */

static void add_loader(const struct info_loader *loader)
{
    struct info_node *part = info_object(info_report(), "loader", "Vulkan loader");

    info_flag(part, "found", NULL, loader->get != NULL);
    if (!loader->get) {
        info_note(part, "There is no Vulkan loader here (libvulkan.so.1, vulkan-1.dll), so no program can use Vulkan, "
                        "nor this layer.");
        info_problem("there is no Vulkan loader");
        return;
    }
    info_text(part, "version", "version", "%s", info_version_words(loader->version).text);
    info_text(part, "library", "library", "%s", loader->path[0] ? loader->path : "unknown");
    if (info_os_vulkan_is_wines(loader->library))
        info_note(part, "This is Wine's own vulkan-1.dll, which loads no layers: put the Khronos loader beside the "
                        "program, and override vulkan-1=n.");
}

/* How many of the list's first ones look like this: twins are told apart by their order. */
static uint32_t twins_before(const struct info_device *list, uint32_t index)
{
    uint32_t count = 0;

    while (info_device_find(list, index, &list[index], count))
        count++;
    return count;
}

static unsigned add_devices(const struct sight *sight, const struct ntf_settings *settings)
{
    static struct info_device usual[INFO_DEVICES_MAX], bare[INFO_DEVICES_MAX], layered[INFO_DEVICES_MAX];
    struct info_node *part = info_object(info_report(), "vulkan", "Vulkan devices");
    struct info_node *list = info_list(part, "devices", "");
    const uint32_t count = read_devices(sight->usual, usual);
    const uint32_t bare_count = read_devices(sight->bare, bare), layered_count = read_devices(sight->layered, layered);
    unsigned passed = 0;

    info_text(part, "instance", NULL, "%s", info_result_words(sight->usual->result).text);
    if (count == 0) {
        info_note(part, "There is no Vulkan device: vkCreateInstance says %s%s.",
                  info_result_words(sight->usual->result).text,
                  sight->usual->result == VK_ERROR_INCOMPATIBLE_DRIVER ? ", no driver is installed or usable" : "");
        info_problem("there is no Vulkan device");
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t twins = twins_before(usual, i);
        const struct info_device *with = info_device_find(layered, layered_count, &usual[i], twins);
        struct info_node *entry = info_entry(list, "Device %u: %s", i, usual[i].properties.deviceName);

        info_device_describe(entry, info_device_find(bare, bare_count, &usual[i], twins), with);
        if (with && sight->layered->layered)
            passed += info_self_test(entry, sight->layered, with, settings);
    }
    if (count > 0 && (!sight->layered || !sight->layered->layered)) {
        info_note(part, "No self-test: the layer is in no instance.");
        info_problem("the layer could not be loaded, so nothing could be tested");
    }
    return passed;
}

static void add_said(const struct info_instance *instance)
{
    struct info_node *list = info_list(info_report(), "layer_messages", "What the layer said during the self-test");

    for (unsigned i = 0; i < instance->heard.line_count; i++)
        info_element(list, "%s", instance->heard.lines[i]);
    list = info_list(info_report(), "warnings", "What others said, driver, loader and other layers");
    for (unsigned i = instance->told; i < instance->heard.warning_count; i++)
        info_element(list, "%s", instance->heard.warnings[i]);
}

struct info_outcome info_vulkan_part(const struct ntf_settings *settings)
{
    struct info_outcome outcome = { false, 0, 0 };
    struct sight sight = { NULL, NULL, NULL };
    struct info_loader loader;
    bool there;

    info_doing("opening the Vulkan loader");
    there = info_loader_open(&loader);
    add_loader(&loader);
    info_part_done();
    if (there)
        look(&loader, &sight);
    if (sight.usual) {
        info_layer_part(sight.usual, sight.layered == sight.usual ? NULL : sight.layered);
        info_part_done();
        outcome.active = sight.usual->layered;
        outcome.devices = sight.usual->device_count;
        outcome.passed = add_devices(&sight, settings);
        if (sight.layered)
            add_said(sight.layered);
        info_doing("vkDestroyInstance");
        look_away(&sight);
    }
    info_loader_close(&loader);
    return outcome;
}
