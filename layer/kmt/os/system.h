/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kmt floor asks of the operating system beyond base/: where its D3DKMT calls are, which
 * session names belong to, and what a foreign handle is. One implementation in each of posix/ and
 * win32/ (system.c). Any thread may call any of these.
 */
#ifndef NTF_KMT_OS_SYSTEM_H
#define NTF_KMT_OS_SYSTEM_H

#include <stdbool.h>

#include "base/os/os.h"
#include "kmt/d3dkmt.h"

/* File name of the system's library that exports D3DKMT<Name>: "gdi32.dll", "libdxcore.so". */
const char *ntf_system_library(void);

/* Opens it, from the system's own place alone. NULL: *why says, in a few words, what is missing. */
struct ntf_library *ntf_system_open_library(const char **why);

/* The session whose directory bare names live in; 0 where there are no sessions. */
uint32_t ntf_system_session(void);

/* A new NT handle of the same object with the same rights, passed on to child processes or not. NULL when the system
 * has none left. */
ntf_handle ntf_system_duplicate_handle(ntf_handle handle, bool inherit);

/* Closes an NT handle of ours: CloseHandle, close. */
void ntf_system_close_handle(ntf_handle handle);

#define NTF_HANDLE_KIND_BYTES 48
/* Says in one or two words what a live handle is: "Event", "Section"; "eventfd", "memfd", "pipe".
 * NTF_E_BAD_HANDLE: it is none. That is 0, -1 and -2 everywhere, on Linux also what does not fit a
 * descriptor and the three standard streams, whose numbers are never given out for an object.
 * kind is always written; empty for what is no handle, or when the system does not tell. */
enum ntf_result ntf_system_handle_kind(ntf_handle handle, char kind[NTF_HANDLE_KIND_BYTES]);

/* An event of our own (auto-reset event, eventfd), not set; ntf_system_close_handle ends it. NULL: the system has none
 * left. For what must know who has set it; a waiting application uses a parker. */
ntf_handle ntf_system_event_make(void);
/* Takes one setting of an event of ours (auto-reset event, eventfd), waiting for it until the
 * deadline: NTF_OK, or NTF_TIMEOUT. For the self-test; a waiting application uses a parker. */
enum ntf_result ntf_system_event_take(ntf_handle event, uint64_t deadline_ns);

#endif /* NTF_KMT_OS_SYSTEM_H */
