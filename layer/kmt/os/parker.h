/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the common part of the parker (kmt/parker.c) asks of the system, beside ntf_park_os_ops. One implementation
 * in each of posix/ and win32/, in parker.c. For those files and for soft's arming only.
 */
#ifndef NTF_KMT_OS_PARKER_H
#define NTF_KMT_OS_PARKER_H

#include "kmt/parker.h"

/* True where a parked thread sleeps on the words that it listens to; false where only its own bell wakes it, so that
 * a waiter without a slot (a page's overflow word) can but re-read: it sets parker->crowded. */
extern const bool ntf_parker_words_wake;

/* Where words wake: wakes one of those who sleep on a word of this process, if there is one. */
void ntf_parker_os_wake_one(ntf_au32 *word);

/* What ntf_parker_owner() returns; borrows what the owner stands for. 0: none could be had. */
uint64_t ntf_parker_os_owner(struct ntf_parker *parker);
/* What ntf_parker_event() returns. */
ntf_handle ntf_parker_os_event(struct ntf_parker *parker);
/* Makes ready to be woken for a word. True: the word goes into parker->words. False: words cannot wake here, the
 * parker's bell will; parker->crowded is set when there is no bell, or none that the signallers meant can reach. */
bool ntf_parker_os_listen(struct ntf_parker *parker, bool shared);
/* Where words wake: takes a word that parker->words has no room for. False: it has to be looked at again and again. */
bool ntf_parker_os_listen_beyond(struct ntf_parker *parker, ntf_au32 *word, uint32_t seen, bool shared);
/* A round is over: nothing is listened to. */
void ntf_parker_os_forget(struct ntf_parker *parker);
/* Where words wake: a number by which signallers of this process wake the parker, for however many objects; listened to
 * from here on, hence before it is published. 0: there is none. */
uint32_t ntf_parker_os_perch(struct ntf_parker *parker);
/* Wakes who has that perch. */
void ntf_parker_os_ring(uint64_t perch);
/* Gives back what was borrowed. */
void ntf_parker_os_end(struct ntf_parker *parker);
/* Wakes the parker from another thread. parker->wake has been bumped, seq_cst. */
void ntf_parker_os_wake(struct ntf_parker *parker);

#endif /* NTF_KMT_OS_PARKER_H */
