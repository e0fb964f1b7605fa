/* SPDX-License-Identifier: Apache-2.0 */
#include "vulkan/layer_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vulkan/chain.h"
#include "vulkan/reasons.h"

/* VK_EXT_layer_settings, extension 497, in our own words: the headers of Debian 12 are older than it. */
#define LAYER_SETTINGS_CREATE_INFO ((VkStructureType)1000496000)
enum setting_type { SETTING_BOOL32, SETTING_INT32, SETTING_INT64, SETTING_UINT32, SETTING_UINT64,
                    SETTING_FLOAT32, SETTING_FLOAT64, SETTING_STRING };
struct layer_setting {
    const char *layer;
    const char *name;
    int32_t type;
    uint32_t count;
    const void *values;
};
struct layer_settings_info {
    VkStructureType sType;
    const void *pNext;
    uint32_t count;
    const struct layer_setting *settings;
};

/* A setting's value as the text that the environment would have given; NULL if it has none such. */
static const char *value_text(const struct layer_setting *setting, char *buffer, size_t size)
{
    if (setting->count != 1 || !setting->values)
        return NULL;
    switch (setting->type) {
    case SETTING_STRING:
        return *(const char *const *)setting->values;
    case SETTING_BOOL32:
        return *(const VkBool32 *)setting->values ? "1" : "0";
    case SETTING_INT32:
        snprintf(buffer, size, "%" PRId32, *(const int32_t *)setting->values);
        return buffer;
    case SETTING_INT64:
        snprintf(buffer, size, "%" PRId64, *(const int64_t *)setting->values);
        return buffer;
    case SETTING_UINT32:
        snprintf(buffer, size, "%" PRIu32, *(const uint32_t *)setting->values);
        return buffer;
    case SETTING_UINT64:
        snprintf(buffer, size, "%" PRIu64, *(const uint64_t *)setting->values);
        return buffer;
    default:
        return NULL;
    }
}

static void offer(struct ntf_settings *settings, const struct layer_setting *setting, struct ntf_log *log)
{
    char buffer[32];
    const char *value;

    if (!setting->layer || strcmp(setting->layer, NTFENCE_LAYER_NAME) != 0 || !setting->name)
        return;
    value = value_text(setting, buffer, sizeof buffer);
    if (!value || !ntf_settings_offer(settings, setting->name, value))
        ntf_log_write(log, NTF_LOG_WARNING, ntf_reasons.SETTING_BAD,
                      "the application's setting \"%s\" is unknown or its value does not fit: ignored", setting->name);
}

void ntf_layer_settings_read(struct ntf_settings *settings, const void *next, struct ntf_log *log)
{
    const unsigned dropped = ntf_settings_read(settings);
    struct ntf_chain chain = ntf_chain_begin(next);
    const VkBaseInStructure *node;

    if (dropped)
        ntf_log_write(log, NTF_LOG_WARNING, ntf_reasons.SETTING_BAD,
                      "%u of the NTFENCE_... variables have values that do not fit: ignored", dropped);
    while ((node = ntf_chain_step(&chain))) {
        const struct layer_settings_info *info = (const void *)node;

        if (node->sType != LAYER_SETTINGS_CREATE_INFO)
            continue;
        for (uint32_t i = 0; info->settings && i < info->count; i++)
            offer(settings, &info->settings[i], log);
    }
}

void ntf_layer_settings_apply(const struct ntf_settings *settings, struct ntf_log *log)
{
    memcpy(log->path, settings->log, sizeof log->path);
    if (strcmp(settings->log_level, "info") == 0)
        log->fallback = NTF_LOG_INFO;
    else if (strcmp(settings->log_level, "error") == 0)
        log->fallback = NTF_LOG_ERROR;
    else if (strcmp(settings->log_level, "warning") != 0)
        ntf_log_write(log, NTF_LOG_WARNING, ntf_reasons.SETTING_BAD, "log_level is \"%s\", not info, warning or error",
                      settings->log_level);
}

enum ntf_setting_route ntf_layer_settings_route(const struct ntf_settings *settings, struct ntf_log *log)
{
    if (strcmp(settings->route, "bridge") == 0)
        return NTF_SETTING_BRIDGE;
    if (strcmp(settings->route, "timeline") == 0)
        return NTF_SETTING_TIMELINE;
    if (strcmp(settings->route, "auto") != 0)
        ntf_log_write(log, NTF_LOG_WARNING, ntf_reasons.SETTING_BAD, "route is \"%s\", not auto, bridge or timeline",
                      settings->route);
    return NTF_SETTING_AUTO;
}
