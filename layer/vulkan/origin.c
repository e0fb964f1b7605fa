/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/origin.h"

#include <string.h>

#include "base/os/os.h"
#include "ntfence.h"

#define VALUE_BYTES 4096

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One pattern of length letters: the last '*' met takes one letter more whenever the rest does not fit. */
static bool matches_one(const char *pattern, size_t length, const char *name)
{
    const char *const end = pattern + length;
    const char *star = NULL, *from = NULL;

    while (*name) {
        if (pattern < end && *pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (pattern < end && lower(*pattern) == lower(*name)) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

bool ntf_origin_matches(const char *patterns, const char *name)
{
    for (;;) {
        const size_t length = strcspn(patterns, ",");

        if (length > 0 && matches_one(patterns, length, name))
            return true;
        if (patterns[length] == '\0')
            return false;
        patterns += length + 1;
    }
}

const char *ntf_origin(void)
{
    char value[VALUE_BYTES];

    if (!ntf_os_elevated()) { /* who is, reads no variable */
        if (ntf_os_getenv("VK_INSTANCE_LAYERS", value, sizeof value) > 0 && strstr(value, NTFENCE_LAYER_NAME))
            return "the variable VK_INSTANCE_LAYERS";
        if (ntf_os_getenv("NTFENCE_ENABLE", value, sizeof value) > 0 && strcmp(value, "1") == 0)
            return "the variable NTFENCE_ENABLE";
        if (ntf_os_getenv("VK_LOADER_LAYERS_ENABLE", value, sizeof value) > 0
            && ntf_origin_matches(value, NTFENCE_LAYER_NAME))
            return "the variable VK_LOADER_LAYERS_ENABLE";
    }
    return "the application or a settings file";
}
