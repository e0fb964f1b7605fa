/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other systems, played by the stand-alone library; what is linked into the layer knows nothing of it. The variable
 * NTFENCE_PLAY has words with commas between them; a layer that NTFENCE_D3DKMT leads to the library meets such a
 * system.
 *
 *   22621      Windows 11 22H2: native fences in the first generation of their structures (48 and 64 bytes), told by
 *              the caps of type 80; feature 37 is not known
 *   24h2       the generation before the current one: 112 bytes when a native fence is opened
 *   current    the system as soft is: nothing is played
 *   nonative   feature 37 is off, the caps of type 80 say no, native calls refuse
 *   wine10     every call for synchronization objects, keyed mutexes and resources: NOT_IMPLEMENTED
 *   wine11     objects are made and opened with no address of a value, waits and signals are NOT_IMPLEMENTED, any LUID
 *              is an adapter's, no caps
 *   fence32    of a monitored fence with GPU access only the low 32 bits are kept: those of what is signalled and
 *              waited for, compared as 32-bit numbers. When they wrap, nothing makes up for it
 *   release    the end of a local handle lets all waits for its object go, in this process, but those with flag bit 10
 *   unsticky   from a value of all ones a signal of any other is taken, without the flag for a rewind
 *
 * Unknown words are ignored, and an elevated process reads none.
 */
#ifndef NTF_KMT_SOFT_PLAY_H
#define NTF_KMT_SOFT_PLAY_H

#include "kmt/thunks.h"

/* The calls to be exported. Read once. */
const struct ntf_kmt_thunks *ntf_play_thunks(void);

#endif /* NTF_KMT_SOFT_PLAY_H */
