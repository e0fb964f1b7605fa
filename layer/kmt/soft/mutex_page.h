/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of a keyed mutex: a page (page.h) whose CurrentValue counts turns, with what tells whose turn it is behind
 * its slots. An ABI between processes of different word sizes and builds, like the page.
 *
 * Overview
 *   turns     CurrentValue. Rises by one with every release; gets its top bit when an owner is found to be gone, and
 *             then never changes again: abandoned, for good. Whoever waits, waits for a turn more.
 *   taken     turn + 1 and seat of whoever has last taken a turn. It is held exactly if that is the turn of now.
 *   seats     the owners (page.h: an id whose holder's death the kernel tells) of the copies that take. A copy sits
 *             down before it takes for the first time, and gets up when it closes the object.
 *   records   of turn t the one of its parity: the key at which it was released, the fence value, the runtime's data.
 *             Written by the holder of the turn before, never while its own turn is free.
 *
 *   TAKE      t = turns: abandoned, done; c = taken; turns is t still, else not ready; c names t: held (LOOK); the
 *             record of t has another key: not ready; read its fence value; CAS taken from c to (t, my seat): mine,
 *             else not ready
 *   GIVE      write the record of t + 1; CAS turns from t to t + 1; wake as a signal does
 *   LOOK      c = taken names t = turns, and its seat's owner is gone, or nobody sits there: CAS turns from t to
 *             (abandoned, t + 1); wake
 *   ABANDON   the same by the holder himself, whose handle ends
 *   SIT       CAS a seat from 0 to me; from an owner that is gone only after a LOOK at whether he held
 *   GET UP    seat = 0; never while it holds
 *
 * One winner: a turn is taken by a CAS of `taken` from what it was while turns was t (hence the second look at turns:
 * what is read between two equal looks at a number that only rises cannot name a later turn). So two takers of one turn
 * start from the same c, and one of them fails. The record cannot have changed for the winner: it is written again only
 * by a holder of t + 1, hence after somebody has taken and given t.
 *
 * Killed anywhere: before its CAS of taken a taker has changed nothing; behind it he holds, until turns changes. So
 * does a giver until his CAS of turns, whatever of the record is written; behind it the mutex is free, and whoever
 * sleeps re-reads turns within the safety period (parker.h), as with any fence. A holder that is gone is found by the next
 * TAKE, and by whoever waits: arming looks, and a parked waiter arms anew with every safety period. A dead owner's seat
 * names him until he has been looked for, since only a LOOK makes it another's; an owner gone is gone for good.
 *
 * Ordering: turns is released by GIVE and acquired by TAKE, so that what the holder of one turn wrote, the record
 * included, is seen by the next. `taken` is released by TAKE and acquired by LOOK, so that who is named by it has his
 * seat, and by TAKE, so that the second look at turns is not older than what it found. The wake is the page's.
 *
 * Trust: a peer may write anything at any time. Seats are masked before they index, sizes are cut; nothing loops.
 *
 * Checked by tests/models: mutex.pml (spin) with somebody killed at every step, mutex_relacy.py the orders of the real
 * mutex_page.c; both take out one thing after another and have to see it.
 *
 * This file and mutex_page.c are the common part of C11 and C++11 (base/atomic.h).
 */
#ifndef NTF_KMT_SOFT_MUTEX_PAGE_H
#define NTF_KMT_SOFT_MUTEX_PAGE_H

#include "base/result.h"
#include "kmt/soft/page.h"

#define NTF_MUTEX_ABANDONED ((uint64_t)1 << 63)
#if !defined(NTF_MUTEX_SEATS) /* a model checker takes fewer; a power of two */
#define NTF_MUTEX_SEATS 64u
#endif
#if !defined(NTF_MUTEX_DATA_WORDS)
#define NTF_MUTEX_DATA_WORDS 64u
#endif
#define NTF_MUTEX_DATA_BYTES (8u * NTF_MUTEX_DATA_WORDS)
#define NTF_MUTEX_NO_SEAT NTF_MUTEX_SEATS

struct ntf_mutex_record {
    ntf_au64 key;
    ntf_au64 fence_value;
    ntf_au32 data_bytes;
    uint8_t reserved[4];
    ntf_au64 data[NTF_MUTEX_DATA_WORDS];
};

struct ntf_mutex_page {
    struct ntf_page page;
    ntf_au64 taken; /* at 2240 */
    uint8_t reserved[56];
    ntf_au64 seats[NTF_MUTEX_SEATS];    /* at 2304 */
    struct ntf_mutex_record records[2]; /* at 2816 */
};

/* After ntf_page_init with a CurrentValue of 0, before anybody else can see it. bytes: at most NTF_MUTEX_DATA_BYTES. */
void ntf_mutex_page_init(struct ntf_mutex_page *mutex, uint64_t key, const void *data, uint32_t bytes);

/* SIT for the copy whose owner this is (not 0). NTF_MUTEX_NO_SEAT: all are taken by the living. */
uint32_t ntf_mutex_page_sit(struct ntf_mutex_page *mutex, uint64_t owner, const struct ntf_page_ops *ops);
void ntf_mutex_page_get_up(struct ntf_mutex_page *mutex, uint32_t seat);

/* TAKE. NTF_OK: *turn is what give and abandon want; NTF_NOT_READY: now held, or released at another key;
 * NTF_E_ABANDONED. After NTF_NOT_READY the mutex cannot become free at the key without turns rising above what it was
 * before the call, but by a death that nobody has looked for yet. */
enum ntf_result ntf_mutex_page_take(struct ntf_mutex_page *mutex, uint32_t seat, uint64_t key,
                                    const struct ntf_page_ops *ops, uint64_t *turn, uint64_t *fence_value);
/* GIVE by the holder of the turn. data NULL: the runtime's data stays as it is. False: somebody else has changed turns,
 * which nobody has a right to. */
bool ntf_mutex_page_give(struct ntf_mutex_page *mutex, uint64_t turn, uint64_t key, uint64_t fence_value,
                         const void *data, uint32_t bytes, const struct ntf_page_ops *ops);
/* ABANDON by the holder of the turn. */
void ntf_mutex_page_abandon(struct ntf_mutex_page *mutex, uint64_t turn, const struct ntf_page_ops *ops);
/* LOOK, if it is held. */
void ntf_mutex_page_look(struct ntf_mutex_page *mutex, const struct ntf_page_ops *ops);

/* The runtime's data of the turn of now: how many bytes there are, of which at most `room` are copied. */
uint32_t ntf_mutex_page_data(struct ntf_mutex_page *mutex, void *to, uint32_t room);

#endif /* NTF_KMT_SOFT_MUTEX_PAGE_H */
