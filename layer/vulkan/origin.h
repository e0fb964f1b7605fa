/* SPDX-License-Identifier: Apache-2.0 */
/* How the layer came into this process, for people who wonder. */
#ifndef NTF_VULKAN_ORIGIN_H
#define NTF_VULKAN_ORIGIN_H

#include <stdbool.h>

/* Static text: the variable that names the layer, or that none does. */
const char *ntf_origin(void);
/* Whether one of the comma-separated patterns of VK_LOADER_LAYERS_ENABLE matches name: a '*' stands for anything,
 * case does not matter. */
bool ntf_origin_matches(const char *patterns, const char *name);

#endif /* NTF_VULKAN_ORIGIN_H */
