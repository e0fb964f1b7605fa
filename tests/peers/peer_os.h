/* SPDX-License-Identifier: Apache-2.0 */
/* What the suites of peers need of the system: peer_os_posix.c, peer_os_win32.c. */
#ifndef NTF_TEST_PEER_OS_H
#define NTF_TEST_PEER_OS_H

#include "kmt/d3dkmt.h"
#include "kmt/soft/page.h"

/* Maps the page behind an NT handle as any stranger can who was given it; asks nothing, checks
 * nothing. The handle stays the caller's. Ends the process on failure. */
struct ntf_page *peer_map(ntf_handle nt);
/* Takes the memory out from under the page, where a system can do that; else zeroes it. */
void peer_punch(struct ntf_page *page, ntf_handle nt);

/*
 * What is left in the system of processes that are gone, counted, and each thing named on stderr:
 * sockets of the names NtfPeers-<tag>-<0 to names - 1> and files in /dev/shm (Linux), objects
 * called ntfence-* in both directories and those with the tag in their name (Windows). Only things
 * of this very system session are seen, be they whose they may.
 */
unsigned peer_leavings(const char *tag, unsigned names);

/* Stops the process where it stands; false where names have no server that could be stopped. */
bool peer_freeze(uint32_t pid);

#endif /* NTF_TEST_PEER_OS_H */
