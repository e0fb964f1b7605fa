// SPDX-License-Identifier: Apache-2.0
// Memory that several processes see, given on as a handle. shared_posix.c, shared_win32.c.
#ifndef NTF_TEST_STRESS_SHARED_H
#define NTF_TEST_STRESS_SHARED_H

#include <stddef.h>

#include "kmt/d3dkmt.h"

// Zeroed memory, and a handle of it that is the caller's to close.
void *shared_make(size_t bytes, ntf_handle *handle);
// The same memory by a handle, in whatever process.
void *shared_open(ntf_handle handle, size_t bytes);
void shared_close(void *memory, size_t bytes);

#endif
