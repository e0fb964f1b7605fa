/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this copy is, and how its sleeping threads are reached.
 *
 * An owner is what a waiting thread writes into a slot (kmt/soft/page.h). Linux: one random number for the whole
 * copy, never 0; its threads sleep on the slot's word. Windows: 48 random bits of the copy, then 16 bits that
 * number an event of its pool; the event can be opened by the name ntfence-bell-<owner as 16 hex digits>.
 */
#ifndef NTF_KMT_OS_BELLS_H
#define NTF_KMT_OS_BELLS_H

#include "kmt/d3dkmt.h"

#include <stdbool.h>

/* The identity of this copy: random, drawn once, never 0 (Windows: in the upper 48 bits, the lower ones 0). */
uint64_t ntf_copy_id(void);
/* True if the owner is a thread of this copy. */
bool ntf_copy_owns(uint64_t owner);
/* Borrows a bell of the pool; *index is its place. False if none could be made. */
bool ntf_bell_borrow(uint32_t *index);
void ntf_bell_return(uint32_t index);
/* The event of a bell that the caller has borrowed, for a kernel to set; made now if need be, never closed. From then
 * on the borrower sleeps on it too. NULL if the system refuses. */
ntf_handle ntf_bell_event(uint32_t index);
/* Rings the bell with that index of this copy; an index that was never given out is ignored. */
void ntf_bell_ring(uint32_t index);

#endif /* NTF_KMT_OS_BELLS_H */
