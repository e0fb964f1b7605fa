/* SPDX-License-Identifier: Apache-2.0 */
/* What the layer has to know of a physical device, asked of the lower chain once and kept by the instance. */
#ifndef NTF_VULKAN_PHYSICAL_H
#define NTF_VULKAN_PHYSICAL_H

#include "kmt/kmt.h"
#include "vulkan/instance.h"

enum ntf_physical {
    NTF_PHYSICAL_KNOWN = 1,
    NTF_PHYSICAL_NATIVE = 2, /* the lower chain lists VK_KHR_external_fence_win32 */
    NTF_PHYSICAL_BASE = 4,   /* what that extension depends on is there: Vulkan 1.1 or VK_KHR_external_fence */
    NTF_PHYSICAL_PROBED = 8, /* the two below are known */
    NTF_PHYSICAL_NT = 16,    /* a D3DKMT provider serves its adapter */
    NTF_PHYSICAL_GLOBAL = 32, /* and that one serves global handles */
};

/* The extensions of the lower chain, in memory of the caller's to free. */
VkResult ntf_physical_extensions(struct ntf_instance *instance, VkPhysicalDevice physical,
                                 VkExtensionProperties **out, uint32_t *count);
/* NTF_PHYSICAL_* of a list of the lower chain's extensions. */
unsigned ntf_physical_traits_of(struct ntf_instance *instance, VkPhysicalDevice physical,
                                const VkExtensionProperties *extensions, uint32_t count);
/* The same, remembered; 0 if the lower chain cannot say. */
unsigned ntf_physical_traits(struct ntf_instance *instance, VkPhysicalDevice physical);

/* The version that a device and its instance agree on. */
uint32_t ntf_physical_version(struct ntf_instance *instance, VkPhysicalDevice physical);

/* Whether our VK_KHR_external_fence_win32 takes the place of the driver's, or of none. */
static inline bool ntf_physical_served(const struct ntf_instance *instance, unsigned traits)
{
    return instance->force || !(traits & NTF_PHYSICAL_NATIVE);
}

/* The provider and adapter that belong to it, by the settings. As ntf_kmt_open. */
enum ntf_result ntf_physical_open_kmt(struct ntf_instance *instance, VkPhysicalDevice physical, struct ntf_kmt **out,
                                      struct ntf_verdict verdicts[NTF_PROVIDER_COUNT]);
/* The traits with the last two, for which a provider is opened, proven and closed again, once. */
unsigned ntf_physical_probe(struct ntf_instance *instance, VkPhysicalDevice physical);

#endif /* NTF_VULKAN_PHYSICAL_H */
