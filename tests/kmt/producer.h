/* SPDX-License-Identifier: Apache-2.0 */
/* One who makes, shares and signals fences with D3DKMT calls alone. */
#ifndef NTF_TEST_KMT_PRODUCER_H
#define NTF_TEST_KMT_PRODUCER_H

#include <stdbool.h>

#include "kmt/names.h"
#include "kmt/thunks.h"

struct producer {
    struct ntf_kmt_thunks kernel;
    D3DKMT_HANDLE adapter, device, fence;
    ntf_handle nt; /* shared by producer_share */
};

/* With the calls of a library, or of soft linked into this program (NULL). */
void producer_begin(struct producer *producer, const char *library);
/* Makes the fence: of type monitored (with these flags and the two of sharing), or native. */
void producer_make(struct producer *producer, bool native, uint32_t flags, uint64_t initial);
/* name NULL: without one. */
void producer_share(struct producer *producer, const char16_t *name);
/* Opens a monitored fence of somebody else by name, with these flags. */
void producer_open(struct producer *producer, const char16_t *name, uint32_t flags);
ntf_status producer_signal(struct producer *producer, uint64_t value);
/* Destroys the fence; the NT handle stays. */
void producer_destroy(struct producer *producer);
/* Gives everything back that is held. */
void producer_end(struct producer *producer);

#endif
