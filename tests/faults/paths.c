// SPDX-License-Identifier: Apache-2.0
#include "paths.h"

#include <stdlib.h>

#define IMPORT(Name, what)                                                                         \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .import = true, .argument = what,                           \
        .peer_serves = ((what)&BY_NAME) != 0,                                                      \
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

#define EXPORTABLE(Name, what, served)                                                                     \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .argument = what, .other = VK_ERROR_UNKNOWN,                \
        .reason = "NTF-FENCE-005", .serves = served,                 \
        .arrange = exportable_arrange, .act = exportable_act,                                      \
        .refused = exportable_refused, .done = exportable_done, .tidy = export_tidy                \
    }
#define EXPORT(Name, what)                                                                         \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .argument = what, .other = VK_ERROR_TOO_MANY_OBJECTS,       \
        .serves = ((what)&BY_NAME) != 0, .reason = "NTF-FENCE-002", .arrange = export_arrange, .act = export_act, \
        .refused = export_refused, .done = export_done, .tidy = export_tidy                        \
    }

#define GLOBAL_IMPORT(Name, what)                                                                  \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .import = true, .serves = true, .peer_serves = true,        \
        .argument = what,                                                                          \
        .arrange = global_import_arrange, .act = global_import_act,                                \
        .refused = global_import_refused, .done = global_import_done, .tidy = global_import_tidy   \
    }
#define ACQUIRE(Name, what)                                                                        \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .argument = what, .arrange = acquire_arrange,               \
        .act = acquire_act, .refused = acquire_refused, .done = acquire_done, .tidy = acquire_tidy \
    }
#define PRESENT(Name, what)                                                                        \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .lanes = (what)&SEVERAL ? 2 : 1, .argument = what,   \
        .arrange = present_arrange, .act = present_act, .refused = present_refused,                \
        .done = present_done, .tidy = present_tidy                                                 \
    }
#define MIXED_WAIT(Name, what)                                                                     \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .lanes = 2, .events = 1, .argument = what,     \
        .arrange = mixed_arrange, .act = mixed_act, .refused = mixed_refused, .done = mixed_done, .tidy = mixed_tidy \
    }
#define DESCRIPTOR_IMPORT(Name, what)                                                              \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .argument = what, .arrange = descriptor_import_arrange,     \
        .act = descriptor_import_act, .refused = descriptor_import_refused,                        \
        .done = descriptor_import_done, .tidy = descriptor_import_tidy                             \
    }

#define KEYED_IMPORT(Name, what)                                                                   \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .import = true, .argument = what,                           \
        .of_soft_only = !((what)&BY_GLOBAL), .serves = ((what)&BY_GLOBAL) != 0,                    \
        .peer_serves = ((what) & (BY_GLOBAL | BY_NAME)) != 0, .arrange = keyed_import_arrange,     \
        .act = keyed_import_act, .refused = keyed_import_refused, .done = keyed_import_done,       \
        .tidy = keyed_tidy                                                                         \
    }
// Where a mutex is not watched a thread waits for it, for a while also when the wait has ended.
#define KEYED_WAIT(Name, what)                                                                     \
    {                                                                                              \
        .name = Name, .stage = DEVICE, .argument = what, .other = VK_ERROR_UNKNOWN,                \
        .reason = "NTF-FENCE-009", .serves = true, .peer_serves = true, .lanes = 10,               \
        .arrange = keyed_wait_arrange, .act = keyed_wait_act, .refused = keyed_wait_refused,       \
        .done = keyed_wait_done, .tidy = keyed_tidy                                                \
    }

const struct path paths[] = {
    {.name = "create-instance",
     .arrange = instance_arrange,
     .act = instance_act,
     .done = instance_done},
    {.name = "create-device",
     .stage = INSTANCE,
     .argument = 2,
     .arrange = device_arrange,
     .act = device_act,
     .done = device_done},
    {.name = "create-device-khr",
     .stage = INSTANCE,
     .of_soft_only = true, // the same walk again
     .argument = 1,
     .arrange = device_arrange,
     .act = device_act,
     .done = device_done},
    {.name = "query",
     .stage = INSTANCE,
     .arrange = device_arrange,
     .act = query_act,
     .done = query_done},
    IMPORT("import-handle", 0),
    IMPORT("import-handle-over-another", OVER_ANOTHER),
    IMPORT("import-handle-temporary", OVER_ANOTHER | TEMPORARY),
    IMPORT("import-handle-known", KNOWN),
    IMPORT("import-handle-crowded", CROWDED),
    IMPORT("import-name", BY_NAME),
    IMPORT("import-name-over-another", BY_NAME | OVER_ANOTHER),
    EXPORTABLE("create-exportable", 0, false),
    EXPORTABLE("create-exportable-named", BY_NAME, true),
    EXPORT("export", 0),
    EXPORT("export-named", BY_NAME),
    {.name = "create-global",
     .stage = DEVICE,
     .serves = true,
     .other = VK_ERROR_UNKNOWN,
     .reason = "NTF-FENCE-005",
     .arrange = global_create_arrange,
     .act = global_create_act,
     .refused = global_create_refused,
     .done = global_create_done,
     .tidy = global_create_tidy},
    GLOBAL_IMPORT("import-global", 0),
    GLOBAL_IMPORT("import-global-over-another", OVER_ANOTHER),
    GLOBAL_IMPORT("import-global-temporary", OVER_ANOTHER | TEMPORARY),
    KEYED_IMPORT("import-keyed", 0),
    KEYED_IMPORT("import-keyed-over-another", OVER_ANOTHER),
    KEYED_IMPORT("import-keyed-name", BY_NAME),
    KEYED_IMPORT("import-keyed-global", BY_GLOBAL),
    KEYED_IMPORT("import-keyed-global-over-another", BY_GLOBAL | OVER_ANOTHER),
    KEYED_WAIT("wait-keyed-all", ALL),
    KEYED_WAIT("wait-keyed-any", 0),
    {.name = "serve-global",
     .stage = DEVICE,
     .threads = FAULT_OTHERS,
     .of_soft_only = true, // there is no thread between what stands for a kernel and itself
     .serves = true,
     .peer_serves = true,
     .arrange = global_serve_arrange,
     .act = global_serve_act,
     .done = global_serve_done,
     .tidy = global_serve_tidy},
    {.name = "create-descriptor",
     .stage = DEVICE,
     .arrange = descriptor_create_arrange,
     .act = descriptor_create_act,
     .refused = descriptor_create_refused,
     .done = descriptor_create_done,
     .tidy = descriptor_create_tidy},
    {.name = "create-descriptor-crowded",
     .stage = DEVICE,
     .argument = CROWDED,
     .arrange = descriptor_create_arrange,
     .act = descriptor_create_act,
     .refused = descriptor_create_refused,
     .done = descriptor_create_done,
     .tidy = descriptor_create_tidy},
    DESCRIPTOR_IMPORT("import-descriptor", 0),
    DESCRIPTOR_IMPORT("import-descriptor-crowded", CROWDED),
    DESCRIPTOR_IMPORT("import-descriptor-over-another", OVER_ANOTHER),
    DESCRIPTOR_IMPORT("import-descriptor-temporary", OVER_ANOTHER | TEMPORARY),
    ACQUIRE("acquire", 0),
    ACQUIRE("acquire-second", SECOND),
    ACQUIRE("acquire-more", EMPTY_POOL),
    ACQUIRE("acquire-stand-in", STAND_IN),
    PRESENT("present", 0),
    PRESENT("present-stand-in", STAND_IN),
    PRESENT("present-several", SEVERAL),
    MIXED_WAIT("mixed-any-first", WITH_IMPORT | FIRST),
    MIXED_WAIT("mixed-any-first-ends", WITH_IMPORT | FIRST | ENDS),
    MIXED_WAIT("mixed-any", WITH_IMPORT),
    MIXED_WAIT("mixed-any-ends", WITH_IMPORT | ENDS),
    MIXED_WAIT("mixed-any-late", WITH_IMPORT | ENDS | LATE),
    MIXED_WAIT("mixed-all", WITH_IMPORT | ENDS | EVERY),
    MIXED_WAIT("mixed-all-late", WITH_IMPORT | ENDS | LATE | EVERY),
    MIXED_WAIT("plain-any", ENDS),
    MIXED_WAIT("plain-any-late", ENDS | LATE),
    MIXED_WAIT("plain-all", ENDS | EVERY),
    MIXED_WAIT("plain-all-late", ENDS | LATE | EVERY),
    {.name = "loose-lane",
     .stage = DEVICE,
     .threads = FAULT_OTHERS,
     .argument = WITH_IMPORT | ENDS,
     .arrange = mixed_arrange,
     .act = mixed_act,
     .done = mixed_done,
     .tidy = mixed_tidy},
    {.name = "mixed-create",
     .stage = DEVICE,
     .arrange = mixed_create_arrange,
     .act = mixed_create_act,
     .refused = mixed_create_refused,
     .done = mixed_create_done,
     .tidy = mixed_one_tidy},
    {.name = "mixed-create-full",
     .stage = DEVICE,
     .argument = FULL,
     .arrange = mixed_create_arrange,
     .act = mixed_create_act,
     .refused = mixed_create_refused,
     .done = mixed_create_done,
     .tidy = mixed_one_tidy},
    {.name = "mixed-reset",
     .stage = DEVICE,
     .arrange = mixed_reset_arrange,
     .act = mixed_reset_act,
     .refused = mixed_reset_refused,
     .done = mixed_reset_done,
     .tidy = mixed_one_tidy},
    {.name = "mixed-reset-full",
     .stage = DEVICE,
     .argument = FULL,
     .arrange = mixed_reset_arrange,
     .act = mixed_reset_act,
     .refused = mixed_reset_refused,
     .done = mixed_reset_done,
     .tidy = mixed_one_tidy},
    {.name = "mixed-submit",
     .stage = DEVICE,
     .arrange = mixed_submit_arrange,
     .act = mixed_submit_act,
     .refused = mixed_submit_refused,
     .done = mixed_submit_done,
     .tidy = mixed_one_tidy},
    {.name = "mixed-destroy-device",
     .stage = DEVICE,
     .arrange = mixed_end_arrange,
     .act = mixed_end_act,
     .done = destroy_done},
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
     .lanes = 1,
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
