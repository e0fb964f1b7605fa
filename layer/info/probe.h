/* SPDX-License-Identifier: Apache-2.0 */
/* Private to --probe: one adapter of one provider, asked one question after the other. */
#ifndef NTF_INFO_PROBE_H
#define NTF_INFO_PROBE_H

#include "info/calls.h"
#include "info/report.h"

struct probe {
    const struct info_calls *calls;
    D3DKMT_HANDLE adapter, device; /* device 0: there is none, and nothing is asked that needs one */
    struct ntf_luid luid;
    bool native;             /* feature 37 is on */
    ntf_status native_status; /* of the question whether it is */
    struct info_node *questions, *answers;
};

/* The next question; the answers that follow are to it. */
void probe_question(struct probe *probe, unsigned number, const char *question);
NTF_PRINTF(3, 4)
void probe_answer(struct probe *probe, ntf_status status, const char *format, ...);
/* Why something was not asked. */
NTF_PRINTF(2, 3)
void probe_not_asked(struct probe *probe, const char *format, ...);

/* A monitored fence with these flags, its value 0. */
ntf_status probe_make(struct probe *probe, uint32_t flags, D3DKMT_CREATESYNCHRONIZATIONOBJECT2 *out);
void probe_destroy(struct probe *probe, D3DKMT_HANDLE object);
ntf_status probe_share(struct probe *probe, D3DKMT_HANDLE object, ntf_object_attributes *attributes, uint32_t access,
                       ntf_handle *out);
ntf_status probe_signal(struct probe *probe, const D3DKMT_HANDLE *objects, const uint64_t *values, uint32_t count);
/* Registers an asynchronous wait for all of them. Never without an event: such a call would have no end. */
ntf_status probe_wait(struct probe *probe, const D3DKMT_HANDLE *objects, const uint64_t *values, uint32_t count,
                      ntf_handle event);
/* "CPU address: none", "CPU address: reads 5". The address itself is nobody's business. */
struct probe_text {
    char text[48];
};
struct probe_text probe_address(const void *address);
/* D3DKMTOpenSyncObjectFromNtHandle2 with these flags, answered under this name. keep: gets what was opened, which the
 * caller destroys then; NULL: it is destroyed. */
void probe_open(struct probe *probe, const char *what, ntf_handle handle, uint32_t flags,
                D3DKMT_OPENSYNCOBJECTFROMNTHANDLE2 *keep);

/* D3DKMTOpenNativeFenceFromNtHandle, which has to be there, and only where native fences are on. */
void probe_open_native(struct probe *probe, ntf_handle handle, uint32_t flags, const char *what);

/* The questions. */
void probe_objects(struct probe *probe);
void probe_names(struct probe *probe);
void probe_native(struct probe *probe);
void probe_waits(struct probe *probe);
void probe_runtimes(struct probe *probe);

#endif /* NTF_INFO_PROBE_H */
