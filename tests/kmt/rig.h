/* SPDX-License-Identifier: Apache-2.0 */
/* What the kmt tests need of the system: rig_posix.c, rig_win32.c. */
#ifndef NTF_TEST_KMT_RIG_H
#define NTF_TEST_KMT_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "kmt/d3dkmt.h"

/* The path of a library that was built: its folder seen from this program's, its name without prefix
 * and suffix. Static storage, overwritten by the next call. */
const char *rig_library(const char *folder, const char *name);

/* How many threads of soft serve global handles, from the first number on. */
extern const unsigned rig_number_threads;

/* The calling thread's own number. */
uint64_t rig_thread(void);

/* An event that is not set; rig_handle_close ends it. */
ntf_handle rig_event_new(void);
void rig_event_set(ntf_handle event);

/* Live handles that are no fences, and what the system calls them. */
struct rig_stranger {
    ntf_handle handle;
    const char *kind;
};
enum { RIG_EVENT, RIG_FILE, RIG_PIPE, RIG_MEMORY, RIG_STRANGERS };
void rig_strangers_open(struct rig_stranger strangers[RIG_STRANGERS]);
void rig_handle_close(ntf_handle handle);
/* Whether the handle is still open. */
bool rig_handle_live(ntf_handle handle);
ntf_handle rig_handle_copy(ntf_handle handle);

#endif
