// SPDX-License-Identifier: Apache-2.0
/*
 * A path: one operation of an application, and what must hold when something under it fails. Each
 * attempt has a process of its own, in which nothing of the layer has run before, so what is made
 * once in a process is on the path as well.
 */
#ifndef NTF_TEST_FAULTS_PATHS_H
#define NTF_TEST_FAULTS_PATHS_H

#include "../layer/vulkan.h"
#include "imports.h"

enum stage { NOTHING, INSTANCE, DEVICE }; // what there is before arrange

struct path {
    const char *name;
    enum stage stage;
    unsigned threads;    // whose calls fail; 0: FAULT_ME
    bool all_from_there; // not once, but every call from the n-th on
    bool import;         // a refusal has its reason
    bool of_soft_only;   // not walked where the layer opens by the kernel's calls
    VkResult other;      // what may be answered beside a lack of host memory, with one message of `reason`; 0: nothing
    const char *reason;
    int argument;        // for the functions
    unsigned lanes, events; // threads and events that may stay after a refusal, until the device goes
    // Who has given a name or a number serves them for good, by one thread, with what that listens to: the layer, the
    // peer.
    bool serves, peer_serves;
    void (*arrange)(void);
    VkResult (*act)(void);
    // The act has failed: nothing has changed. It is tried once more after that.
    void (*refused)(void);
    // The act has succeeded, also with a call that failed.
    void (*done)(VkResult result);
    void (*tidy)(void);
};

extern const struct path paths[];
extern const unsigned path_count;
extern const struct path *path; // that is being tried
// The layer opens by the calls of what stands for a kernel, not by its own soft.
bool path_has_kernel(void);

// Ends the attempt, which has failed. Format and arguments of printf.
_Noreturn void attempt_fail(const char *format, ...) NTF_TEST_PRINTF(1, 2);
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            attempt_fail("%s:%d: %s", __FILE__, __LINE__, #condition);                             \
    } while (0)

// paths_device.c
void device_tidy(void);
void instance_arrange(void);
VkResult instance_act(void);
void instance_done(VkResult result);
void device_arrange(void);
VkResult device_act(void);
void device_done(VkResult result);
VkResult query_act(void);
void query_done(VkResult result);

// paths_import.c
enum { BY_NAME = 1, TEMPORARY = 2, OVER_ANOTHER = 4, KNOWN = 8, CROWDED = 16 };
void import_arrange(void);
VkResult import_act(void);
void import_refused(void);
void import_done(VkResult result);
void import_tidy(void);

// paths_export.c, with BY_NAME or without
void exportable_arrange(void);
VkResult exportable_act(void);
void exportable_refused(void);
void exportable_done(VkResult result);
void export_arrange(void);
VkResult export_act(void);
void export_refused(void);
void export_done(VkResult result);
void export_tidy(void);

// paths_global.c: by global handle, with TEMPORARY, OVER_ANOTHER or without
void global_create_arrange(void);
VkResult global_create_act(void);
void global_create_refused(void);
void global_create_done(VkResult result);
void global_create_tidy(void);
void global_import_arrange(void);
VkResult global_import_act(void);
void global_import_refused(void);
void global_import_done(VkResult result);
void global_import_tidy(void);
void global_serve_arrange(void);
VkResult global_serve_act(void);
void global_serve_done(VkResult result);
void global_serve_tidy(void);

// paths_images.c
enum { SECOND = 1, STAND_IN = 2, SEVERAL = 4, EMPTY_POOL = 8 };
void acquire_arrange(void);
VkResult acquire_act(void);
void acquire_refused(void);
void acquire_done(VkResult result);
void acquire_tidy(void);
void present_arrange(void);
VkResult present_act(void);
void present_refused(void);
void present_done(VkResult result);
void present_tidy(void);

// paths_mixed.c: fences of a device that has seen a mixed wait-any
enum {
    EVERY = 1,      // wait-all
    WITH_IMPORT = 2,
    ENDS = 4,       // what the plain fences were submitted with is over during the wait; else the import is signalled
    LATE = 8,       // they are submitted during the wait
    FIRST = 16,     // the wait is the device's first mixed wait-any
    FULL = 32,      // there is no room left in the tables for one more fence
};
void mixed_begin(VkFence imported); // makes the device so
void mixed_arrange(void);
VkResult mixed_act(void);
void mixed_refused(void);
void mixed_done(VkResult result);
void mixed_tidy(void);
void mixed_create_arrange(void);
VkResult mixed_create_act(void);
void mixed_create_refused(void);
void mixed_create_done(VkResult result);
void mixed_reset_arrange(void);
VkResult mixed_reset_act(void);
void mixed_reset_refused(void);
void mixed_reset_done(VkResult result);
void mixed_submit_arrange(void);
VkResult mixed_submit_act(void);
void mixed_submit_refused(void);
void mixed_submit_done(VkResult result);
void mixed_one_tidy(void);
void mixed_end_arrange(void);
VkResult mixed_end_act(void);

// paths_descriptor.c, with TEMPORARY, OVER_ANOTHER, CROWDED or without
void descriptor_create_arrange(void);
VkResult descriptor_create_act(void);
void descriptor_create_refused(void);
void descriptor_create_done(VkResult result);
void descriptor_create_tidy(void);
void descriptor_import_arrange(void);
VkResult descriptor_import_act(void);
void descriptor_import_refused(void);
void descriptor_import_done(VkResult result);
void descriptor_import_tidy(void);

// paths_wait.c
enum { ALL = 1, MIXED = 2, MANY = 4, TIMEOUT = 8, ONE = 16 };
void wait_arrange(void);
VkResult wait_act(void);
void wait_refused(void);
void wait_done(VkResult result);
void wait_tidy(void);

// paths_keyed.c: imports with BY_NAME, BY_GLOBAL or without, and OVER_ANOTHER; waits with ALL or without
enum { BY_GLOBAL = 32 };
void keyed_tidy(void);
void keyed_import_arrange(void);
VkResult keyed_import_act(void);
void keyed_import_refused(void);
void keyed_import_done(VkResult result);
void keyed_wait_arrange(void);
VkResult keyed_wait_act(void);
void keyed_wait_refused(void);
void keyed_wait_done(VkResult result);

// paths_submit.c
void submit_arrange(void);
VkResult submit_act(void);
void submit_refused(void);
void submit_done(VkResult result);
void submit_tidy(void);
void pull_arrange(void);
VkResult pull_act(void);
void pull_done(VkResult result);
VkResult lane_act(void);
void lane_done(VkResult result);
void reset_arrange(void);
VkResult reset_act(void);
void reset_refused(void);
void reset_done(VkResult result);
void reset_tidy(void);
void destroy_arrange(void);
VkResult destroy_act(void);
VkResult destroy_device_act(void);
void destroy_done(VkResult result);

#endif
