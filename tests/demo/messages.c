// SPDX-License-Identifier: Apache-2.0
/*
 * Messages. A messenger hears everybody: the loader is talkative at INFO, so of others only
 * warnings and errors are shown. The layer's messages all have a code NTF-... for their name; they
 * are kept.
 */
#include "vulkan.h"

#include "report.h"

#include <stdio.h>
#include <string.h>

enum { KEPT_MAX = 64, TEXT_SIZE = 1024, SHOWN_PER_CODE = 4 };

static char kept[KEPT_MAX][TEXT_SIZE];
static _Atomic unsigned kept_count;

const char *message_find(const char *text)
{
    unsigned count = atomic_load(&kept_count);
    for (unsigned i = count < KEPT_MAX ? count : KEPT_MAX; i-- > 0;) {
        if (strstr(kept[i], text))
            return kept[i];
    }
    return NULL;
}

// How many lines with this code have been kept; each begins with its code.
static unsigned count_code(const char *code)
{
    unsigned found = 0, count = atomic_load(&kept_count);
    for (unsigned i = 0; i < count && i < KEPT_MAX; i++)
        found += strncmp(kept[i], code, strlen(code)) == 0;
    return found;
}

static void keep_and_show(const char *code, const char *text)
{
    char line[TEXT_SIZE];
    snprintf(line, sizeof line, "%s: %s", code, text);
    unsigned before = count_code(code);
    if (before > SHOWN_PER_CODE)
        return;
    unsigned index = atomic_fetch_add(&kept_count, 1);
    if (index < KEPT_MAX)
        snprintf(kept[index], TEXT_SIZE, "%s", line);
    if (before < SHOWN_PER_CODE)
        say("layer: %s", line);
    else
        say("layer: %s: more of these are not shown", code);
}

VkBool32 VKAPI_PTR message_receive(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                   VkDebugUtilsMessageTypeFlagsEXT types,
                                   const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    (void)types;
    (void)user;
    const char *code = data->pMessageIdName ? data->pMessageIdName : "";
    const char *text = data->pMessage ? data->pMessage : "";
    if (strncmp(code, "NTF-", 4) == 0)
        keep_and_show(code, text);
    else if (severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT)
        say("note: %s: %s", code, text);
    return VK_FALSE;
}
