/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers: a sleep on more words than one futex_waitv takes. Each helper is a thread of the copy that sleeps on some of
 * them, and rings the sleeper's perch (perches.h) when one has changed. They are lent for one sleep. A thread is made
 * when it is needed, and ends when it has had nothing to do for a while.
 *
 * A helper works on a copy of what the words are, and touches nothing of the sleeper's: so nobody waits for it at the
 * end of the sleep, or wakes it; it notices when a word changes, when it gets other work, or within a second. What it
 * is told to sleep on may have been unmapped by then: the kernel knows the memory, not the address. The copy is made
 * under a count that tells whether the orders were changed meanwhile (a sequence lock), so that no thread has to wait
 * for a helper that has lost its CPU over it.
 */
#ifndef NTF_KMT_OS_POSIX_HELPERS_H
#define NTF_KMT_OS_POSIX_HELPERS_H

#include "base/atomic.h"

struct ntf_helper;
/* Adds a word to those that the helpers of one sleep shall sleep on; *list is theirs, NULL at first. False: there is no
 * room for it. */
bool ntf_helpers_add(struct ntf_helper **list, ntf_au32 *word, uint32_t seen, bool shared);
/* They sleep from here on, and ring that perch. False: a thread could not be had, and some of the words are not slept
 * on. */
bool ntf_helpers_start(struct ntf_helper *list, uint32_t perch);
/* The end of the sleep, or there was none. *list is NULL then. */
void ntf_helpers_dismiss(struct ntf_helper **list);

#endif /* NTF_KMT_OS_POSIX_HELPERS_H */
