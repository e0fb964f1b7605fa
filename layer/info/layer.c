/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the layer is in programs that are started as this one was, and why, or why not. What is said comes from what
 * the loader did (its messages, the extensions that are listed), and only the reason for a "no" from the variables.
 */
#include <stdio.h>
#include <string.h>

#include "info/device.h"
#include "info/os/os.h"
#include "vulkan/origin.h"

enum { VALUE_BYTES = 4096 };

/* ---- why ---- */

static bool variable(const char *name, char value[VALUE_BYTES])
{
    value[0] = '\0';
    return ntf_os_getenv(name, value, VALUE_BYTES) >= 0;
}

/* The variable that asks for the layer; NULL: none does. */
static const char *asked_by(void)
{
    char value[VALUE_BYTES];

    if (variable("VK_INSTANCE_LAYERS", value) && strstr(value, NTFENCE_LAYER_NAME))
        return "VK_INSTANCE_LAYERS";
    if (variable("NTFENCE_ENABLE", value) && strcmp(value, "1") == 0)
        return "NTFENCE_ENABLE";
    if (variable("VK_LOADER_LAYERS_ENABLE", value) && ntf_origin_matches(value, NTFENCE_LAYER_NAME))
        return "VK_LOADER_LAYERS_ENABLE";
    return NULL;
}

/* The variable that turns it off; NULL: none does. */
static const char *turned_off_by(void)
{
    char value[VALUE_BYTES];

    if (variable("NTFENCE_DISABLE", value))
        return "NTFENCE_DISABLE";
    if (variable("VK_LOADER_LAYERS_DISABLE", value) &&
        (ntf_origin_matches(value, NTFENCE_LAYER_NAME) || strstr(value, "~all~") || strstr(value, "~implicit~") ||
         strstr(value, "~explicit~")))
        return "VK_LOADER_LAYERS_DISABLE";
    return NULL;
}

static bool only_implicit(const struct info_heard *heard)
{
    for (unsigned i = 0; i < heard->manifest_count; i++)
        if (!heard->manifests[i].implicit)
            return false;
    return heard->manifest_count > 0;
}

static void add_why_not(struct info_node *part, const struct info_instance *instance, bool found)
{
    const char *asks = asked_by(), *off = turned_off_by();
    char value[VALUE_BYTES], why[256];

    if (!instance->handle)
        (void)snprintf(why, sizeof why, "no instance could be made");
    else if (!found && asks)
        (void)snprintf(why, sizeof why, "%s asks for it, but the loader finds no manifest of it", asks);
    else if (!found)
        (void)snprintf(why, sizeof why, "the loader finds no manifest of it, and no variable asks for it");
    else if (off)
        (void)snprintf(why, sizeof why, "the variable %s turns it off", off);
    else if (asks && strcmp(asks, "VK_INSTANCE_LAYERS") == 0 && only_implicit(&instance->heard))
        (void)snprintf(why, sizeof why, "VK_INSTANCE_LAYERS names it, but only its implicit manifest is found, and "
                                        "loaders before 1.3.247 want the explicit one for that");
    else if (asks)
        (void)snprintf(why, sizeof why, "%s asks for it and the loader finds a manifest of it, but has not loaded it",
                       asks);
    else if (variable("NTFENCE_ENABLE", value))
        (void)snprintf(why, sizeof why, "NTFENCE_ENABLE is set, but not to 1");
    else
        (void)snprintf(why, sizeof why, "the loader finds it, but nothing turns it on: set NTFENCE_ENABLE=1 (implicit "
                                        "manifest), or VK_INSTANCE_LAYERS=" NTFENCE_LAYER_NAME " (explicit)");
    info_text(part, "why_not", "why not", "%s", why);
}

/* ---- where ---- */

struct copies {
    struct info_node *list;
    unsigned count;
};

static void add_copy(void *context, const char *path)
{
    struct copies *copies = context;

    info_element(copies->list, "%s", path);
    copies->count++;
}

static void add_manifests(struct info_node *part, const struct info_heard *heard)
{
    struct info_node *list = info_list(part, "manifests", "Manifests of it that the loader has read");
    bool differ = false;

    for (unsigned i = 0; i < heard->manifest_count; i++) {
        const struct info_manifest *manifest = &heard->manifests[i];
        struct info_node *entry = info_entry(list, "%s", manifest->path);
        bool used = false;

        for (unsigned k = 0; k < heard->library_count; k++)
            used |= strcmp(heard->libraries[k], manifest->library) == 0;
        info_text(entry, "path", NULL, "%s", manifest->path);
        info_text(entry, "kind", "kind", "%s", manifest->implicit ? "implicit" : "explicit");
        info_text(entry, "library", "library", "%s", manifest->library);
        info_flag(entry, "loaded", "loaded here", used);
        differ |= strcmp(manifest->library, heard->manifests[0].library) != 0;
    }
    if (differ)
        info_note(part, "Several copies: these manifests name different libraries. The loader takes the first that it "
                        "finds.");
}

/* In the text only where they may say why something is not there: of the layer, or (all) of an instance. */
static void add_warnings(struct info_node *part, const struct info_heard *heard, bool ours, bool all)
{
    struct info_node *list = info_list(part, "loader_warnings", NULL);

    for (unsigned i = 0; i < heard->warning_count; i++) {
        info_element(list, "%s", heard->warnings[i]);
        if (all || (ours && (strstr(heard->warnings[i], "tfence") || strstr(heard->warnings[i], "NTFENCE"))))
            info_note(part, "The loader says: %s", heard->warnings[i]);
    }
}

void info_layer_part(const struct info_instance *instance, const struct info_instance *named)
{
    struct info_node *part = info_object(info_report(), "layer", "Layer " NTFENCE_LAYER_NAME);
    const struct info_heard *heard = named && named->heard.manifest_count > instance->heard.manifest_count
                                         ? &named->heard : &instance->heard;
    const bool found =
        instance->layered || heard->manifest_count > 0 || info_loader_lists_layer(instance->loader);
    struct copies copies = { NULL, 0 };

    info_flag(part, "active", "in programs started like this one", instance->layered);
    if (instance->layered)
        info_text(part, "by", "turned on by", "%s", ntf_origin());
    else
        add_why_not(part, instance, found);
    if (named)
        info_text(part, "for_self_test", "for the self-test", "%s", named->layered
                  ? "this program names it to the loader" : "this program named it, and the loader did not load it");
    if (!instance->listens)
        info_note(part, "This loader does not tell what it does: which manifests there are cannot be seen.");
    add_manifests(part, heard);
    copies.list = info_list(part, "libraries", NULL);
    info_os_modules("VkLayer_ntfence", add_copy, &copies);
    if (copies.count > 1)
        info_note(part, "%u copies of the layer's library are in this process: only one can serve a device.",
                  copies.count);
    add_warnings(part, &instance->heard, !instance->layered, !instance->handle);
}
