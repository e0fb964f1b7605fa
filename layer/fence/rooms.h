/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rooms: memory for the waits that are too long for the stack of the waiting thread. A room is used by one wait at a
 * time, and kept for the next. Imports see to it that one is there for a wait over all that has been imported so far;
 * threads that wait at once make more, of which a few are kept.
 *
 * Thread rules: any thread, without a lock; finish when nobody else is there any more.
 */
#ifndef NTF_FENCE_ROOMS_H
#define NTF_FENCE_ROOMS_H

#include "base/atomic.h"

#define NTF_ROOMS_KEPT 8

struct ntf_rooms { /* zero: none yet */
    ntf_aptr kept[NTF_ROOMS_KEPT]; /* struct ntf_room *; who takes one out has it for himself */
    ntf_au32 expected; /* fences; relaxed */
};

/* For count things of each_bytes, aligned for anything; NULL: no memory. rooms NULL: nothing is kept. */
void *ntf_room_take(struct ntf_rooms *rooms, size_t count, size_t each_bytes);
void ntf_room_give(struct ntf_rooms *rooms, void *memory); /* NULL is allowed */
/* Waits over that many fences may come. Without memory nothing has happened: the wait asks for it again. */
void ntf_rooms_expect(struct ntf_rooms *rooms, uint32_t fences);
void ntf_rooms_finish(struct ntf_rooms *rooms);

#endif /* NTF_FENCE_ROOMS_H */
