/* SPDX-License-Identifier: Apache-2.0 */
/* VK_EXT_layer_settings: what the application's chain says about our settings. */
#ifndef NTF_VULKAN_LAYER_SETTINGS_H
#define NTF_VULKAN_LAYER_SETTINGS_H

#include "base/log.h"
#include "base/settings.h"

/* Reads the environment, then the chain of VkInstanceCreateInfo. What does not fit is ignored, and said into log. */
void ntf_layer_settings_read(struct ntf_settings *settings, const void *chain, struct ntf_log *log);
/* Sets up log by the settings. */
void ntf_layer_settings_apply(const struct ntf_settings *settings, struct ntf_log *log);

enum ntf_setting_route { NTF_SETTING_AUTO, NTF_SETTING_BRIDGE, NTF_SETTING_TIMELINE };
/* How queue signals of imported values shall go (vulkan/timeline.h). */
enum ntf_setting_route ntf_layer_settings_route(const struct ntf_settings *settings, struct ntf_log *log);

#endif /* NTF_VULKAN_LAYER_SETTINGS_H */
