// SPDX-License-Identifier: Apache-2.0
#include "paths.h"

#include <stdlib.h>

#define IMPORT(Name, what)                                                                         \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .import = true, .argument = what,                           \
        .arrange = import_arrange, .act = import_act, .refused = import_refused,                   \
        .done = import_done, .tidy = import_tidy                                                   \
    }
// Those of many fences walk the same lines of code as those of a few, once for each fence where the
// kernel is asked: that would be hundreds of points.
#define WAIT(Name, what, deaf)                                                                     \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .all_from_there = deaf, .argument = what,                   \
        .of_soft_only = ((what)&MANY) != 0,                                                        \
        .arrange = wait_arrange, .act = wait_act, .refused = wait_refused, .done = wait_done,      \
        .tidy = wait_tidy                                                                          \
    }

#define EXPORTABLE(Name, what)                                                                     \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .argument = what, .other = VK_ERROR_UNKNOWN,                \
        .reason = "NTF-FENCE-005", .arrange = exportable_arrange, .act = exportable_act,           \
        .refused = exportable_refused, .done = exportable_done, .tidy = export_tidy                \
    }
#define EXPORT(Name, what)                                                                         \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .argument = what, .other = VK_ERROR_TOO_MANY_OBJECTS,       \
        .reason = "NTF-FENCE-002", .arrange = export_arrange, .act = export_act,                   \
        .refused = export_refused, .done = export_done, .tidy = export_tidy                        \
    }

const struct path paths[] = {
    {.name = "create-instance",
     .arrange = instance_arrange,
     .act = instance_act,
     .done = instance_done},
    {.name = "create-device",
     .stage = INSTANCE,
     .argument = 2,
     .act = device_act,
     .done = device_done},
    {.name = "create-device-khr",
     .stage = INSTANCE,
     .argument = 1,
     .act = device_act,
     .done = device_done},
    IMPORT("import-handle", 0),
    IMPORT("import-handle-over-another", OVER_ANOTHER),
    IMPORT("import-handle-temporary", OVER_ANOTHER | TEMPORARY),
    IMPORT("import-handle-known", KNOWN),
    IMPORT("import-handle-crowded", CROWDED),
    IMPORT("import-name", BY_NAME),
    IMPORT("import-name-over-another", BY_NAME | OVER_ANOTHER),
    EXPORTABLE("create-exportable", 0),
    EXPORTABLE("create-exportable-named", BY_NAME),
    EXPORT("export", 0),
    EXPORT("export-named", BY_NAME),
    WAIT("wait-one", ONE, false),
    WAIT("wait-any", 0, false),
    WAIT("wait-all", ALL, false),
    WAIT("wait-any-mixed", MIXED, false),
    WAIT("wait-all-mixed", ALL | MIXED, false),
    WAIT("wait-any-many", MANY, false),
    WAIT("wait-all-many", ALL | MANY, false),
    WAIT("wait-any-mixed-many", MIXED | MANY, false),
    WAIT("wait-any-timeout", TIMEOUT, false),
    WAIT("wait-all-timeout", ALL | TIMEOUT, false),
    WAIT("wait-any-many-timeout", MANY | TIMEOUT, false),
    WAIT("wait-any-deaf", 0, true),
    WAIT("wait-all-deaf", ALL, true),
    WAIT("wait-one-timeout-deaf", ONE | TIMEOUT, true),
    {.name = "submit",
     .stage = DEVICE,
     .arrange = submit_arrange,
     .act = submit_act,
     .refused = submit_refused,
     .done = submit_done,
     .tidy = submit_tidy},
    {.name = "pull",
     .stage = DEVICE,
     .arrange = pull_arrange,
     .act = pull_act,
     .done = pull_done,
     .tidy = submit_tidy},
    {.name = "lane",
     .stage = DEVICE,
     .threads = FAULT_OTHERS,
     .arrange = submit_arrange,
     .act = lane_act,
     .done = lane_done,
     .tidy = submit_tidy},
    {.name = "reset",
     .stage = DEVICE,
     .arrange = reset_arrange,
     .act = reset_act,
     .refused = reset_refused,
     .done = reset_done,
     .tidy = reset_tidy},
    {.name = "destroy-fence",
     .stage = DEVICE,
     .arrange = destroy_arrange,
     .act = destroy_act,
     .done = destroy_done},
    {.name = "destroy-device",
     .stage = DEVICE,
     .arrange = destroy_arrange,
     .act = destroy_device_act,
     .done = destroy_done},
};
const unsigned path_count = NTF_COUNT(paths);

bool path_has_kernel(void)
{
    return getenv("NTFENCE_RUNGS") != NULL;
}
