/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the report, one file each, in the order in which they come. */
#ifndef NTF_INFO_PARTS_H
#define NTF_INFO_PARTS_H

#include "base/settings.h"
#include "info/report.h"

/* This program and the system that it runs on. */
void info_system_part(void);
/* The settings in force in this process, and what was ignored. */
void info_settings_part(struct ntf_settings *settings);
/* D3DKMT: providers, adapters, and the ways of opening a handle. */
void info_kernel_part(const struct ntf_settings *settings);
/* The loader, the layer, the devices, and the self-test on each. */
struct info_outcome {
    bool active;              /* programs that are started like this one have the layer */
    unsigned devices, passed; /* there, and with a self-test that has passed */
};
struct info_outcome info_vulkan_part(const struct ntf_settings *settings);
/* The experiments of --probe. */
void info_probe_part(const struct ntf_settings *settings);

#endif /* NTF_INFO_PARTS_H */
