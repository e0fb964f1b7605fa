/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Herds: how many threads of one process wait for one private object, and are woken without the signaller's making each
 * wake himself.
 *
 * Overview
 *   Nobody dies in a private page but with everybody else, so a waiter needs no slot of its own. Those who wait for the
 *   same value meet at one word, number (target mod slots) of the page, and count themselves there. A signal that takes
 *   CurrentValue from a to b has to look at the homes of a + 1 to b, at all of them if that is many: there, and nowhere
 *   else, is whoever has been reached. Who is met there by chance, with a target that is further away, is woken for
 *   nothing, and sleeps again.
 *
 *   JOIN    herd += 1; read `word`; THEN re-read CurrentValue; park on that value of `word`
 *   WAKE    CurrentValue has been changed; read `herd`: nobody, return. Up to two: word += 1, wake
 *           all. More: set the baton in `herd`, word += 1, wake one
 *   QUIT    herd -= 1; if the baton was set: take it back, and if it was still there, wake all
 *
 *   So a signaller makes one wake, and the thread that it woke makes all the others by one call.
 *
 * Ordering
 *   JOIN and WAKE are WAIT and SIGNAL of kmt/soft/page.h, with the count in the place of bit and target. Of the baton:
 *   who is woken from the sleep on the word sees it, since it was set before the wake (the kernel orders the two), and
 *   whatever ends a sleep, QUIT comes behind it. So if a wake found a sleeper, somebody takes the baton behind it; if
 *   it found none, nobody has to be woken: whoever does not sleep yet sees the changed word. A baton that nobody needed
 *   stays for the next who quits, and costs him a call.
 *
 * Checked by tests/models/page_relacy.py. The common part of C11 and C++11, as kmt/soft/page.h.
 */
#ifndef NTF_KMT_SOFT_HERD_H
#define NTF_KMT_SOFT_HERD_H

#include "kmt/soft/page.h"

/* JOIN up to the re-read. Returns the home, and through seen its word; the caller re-reads CurrentValue next, seq_cst,
 * and parks on ntf_page_word(page, home). */
uint32_t ntf_herd_join(struct ntf_page *page, uint64_t target, uint32_t *seen);
/* QUIT. */
void ntf_herd_quit(struct ntf_page *page, uint32_t home, const struct ntf_page_ops *ops);
/* WAKE, for ntf_page_signal: CurrentValue has gone up from one value to another. */
void ntf_herds_wake(struct ntf_page *page, uint64_t from, uint64_t to, const struct ntf_page_ops *ops);

#endif /* NTF_KMT_SOFT_HERD_H */
