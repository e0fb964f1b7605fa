/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: keys, where they come from, and their values once parsed.
 *
 * A key is lower case ("log_file"). Its value comes from the environment variable NTFENCE_<KEY> first, then from
 * VK_EXT_layer_settings in the application's instance chain (vulkan/ hands those over as text). An elevated process
 * reads no variable: ntf_settings_read leaves the defaults then.
 */
#ifndef NTF_BASE_SETTINGS_H
#define NTF_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* key, default, description: the one list that the parser, the manifest test and the README speak from. */
#define NTF_SETTINGS(X)                                                                            \
    X(log, "", "path of a file that every message is appended to")                                 \
    X(log_level, "warning", "info, warning or error: what reaches stderr when no messenger does")   \
    X(provider, "auto", "auto, system, soft: which D3DKMT is used (auto: the system's if it works)") \
    X(d3dkmt, "", "path of a library with the D3DKMT exports, tried before the system's")            \
    X(rungs, "auto", "comma list of soft,native,monitored: which ways of opening a handle are tried") \
    X(route, "auto", "auto, bridge, timeline: how queues signal imported values (auto: the GPU if proven)") \
    X(force, "0", "1: serve VK_KHR_external_fence_win32 even where the driver has it (tests)")

struct ntf_settings {
#define X(key, def, text) char key[512];
    NTF_SETTINGS(X)
#undef X
};

/* Fills in defaults, then what the environment says (unless elevated). Values that do not fit are dropped; the
 * number of dropped ones is returned. */
unsigned ntf_settings_read(struct ntf_settings *settings);
/* A value from the application's own VK_EXT_layer_settings: taken unless the environment has the key; of an elevated
 * process the environment does not count. False: no such key, or the value does not fit. */
bool ntf_settings_offer(struct ntf_settings *settings, const char *key, const char *value);
bool ntf_settings_is_true(const char *value); /* "1", "true", "on", "yes", any case */

#endif /* NTF_BASE_SETTINGS_H */
