// SPDX-License-Identifier: Apache-2.0
// What the suites over the library share.
#ifndef NTF_TEST_WSL_SUPPORT_H
#define NTF_TEST_WSL_SUPPORT_H

#include "dxcore.h"
#include "kmt/kmt.h"
#include "ntf_test.h"

// Beside this program.
const char *dxcore_path(void);
// Its controls, all as at first. Keeps the library loaded.
struct dxcore_control *dxcore_fresh(void);
// A kernel over it, by the setting d3dkmt; a failure fails the test.
struct ntf_kmt *dxcore_kmt(void);
// An object of it with this value, and a descriptor of it (-1: not wanted) that is the caller's.
struct ntf_object *dxcore_object(struct ntf_kmt *kmt, uint64_t initial, int *fd);
// Opens the object behind a descriptor; a failure fails the test.
struct ntf_object *dxcore_open(struct ntf_kmt *kmt, int fd);

// "step status-in-hex[ detail]" of each step, separated by " | ".
const char *trace_text(const struct ntf_trace *trace);

// Until ready() says so; the watchdog is the limit. For what another thread is about to do.
void await(bool (*ready)(void));

// Waits for the value until the deadline, with this parker's world (NULL: the real one).
enum ntf_result wait_for(struct ntf_object *object, uint64_t value, uint64_t deadline_ns,
                         const struct ntf_park_ops *ops);

// ntf_wsl_place of the programs that look for the system's library (place.c).
void place_set(const char *library, const char *device);

#endif
