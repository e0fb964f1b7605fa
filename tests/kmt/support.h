/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites over the fake kernel share. */
#ifndef NTF_TEST_KMT_SUPPORT_H
#define NTF_TEST_KMT_SUPPORT_H

#include "base/os/os.h"
#include "fake.h"
#include "kmt/kmt.h"
#include "ntf_test.h"
#include "rig.h"

/* The controls of the fake, everything in them as at first. Keeps the library loaded. */
struct fake_control *fake_fresh(void);
const char *fake_path(void);

/* The order of the calls that open begins anew. */
void fake_forget_calls(struct fake_control *fake);

/* Opens a kernel over the fake with this setting of rungs; a failure fails the test. */
struct ntf_kmt *fake_kmt(const char *rungs);

/* "step status-in-hex[ detail]" of each step, separated by " | ". */
const char *trace_text(const struct ntf_trace *trace);

/* Sleeps; for threads that have to come later. No verdict may hang on it. */
void nap_ms(unsigned ms);

#endif
