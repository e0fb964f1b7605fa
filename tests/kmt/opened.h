/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites about keyed mutexes and bundles share: openings, and that nothing stays open after them. */
#ifndef NTF_TEST_KMT_OPENED_H
#define NTF_TEST_KMT_OPENED_H

#include "support.h"

/* What came of an opening, as a row expects it. */
enum opened_as { AS_NOTHING, AS_OBJECT, AS_MUTEX, AS_MUTEX_ALONE /* without companion */ };

struct outcome {
    enum ntf_result result;
    struct ntf_opened opened; /* poison unless NTF_OK */
    struct ntf_trace trace;
};

struct outcome open_handle(struct ntf_kmt *kmt, ntf_handle handle, enum ntf_wanted wanted);
struct outcome open_number(struct ntf_kmt *kmt, D3DKMT_HANDLE number, enum ntf_wanted wanted);
struct outcome open_named(struct ntf_kmt *kmt, const char16_t *name, enum ntf_wanted wanted);

/* Checks and closes; the fake then has nothing of it left. */
void expect_opened(struct fake_control *fake, struct outcome *outcome, enum ntf_result result, enum opened_as as);
/* That the last refusal in the trace says this; an empty one is none. */
void expect_reason(const struct ntf_trace *trace, const char *reason);
void expect_none_open(const struct fake_control *fake);

#endif
