/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/rooms.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/os/nearby.h"
#include "fence/waiter.h"

#define MOST_EXPECTED 4096u /* fences: a quarter of a megabyte; longer waits ask for memory when they come */

struct ntf_room {
    size_t size_bytes;
    max_align_t memory[];
};

static struct ntf_room *room_of(void *memory)
{
    return (struct ntf_room *)(void *)((char *)memory - offsetof(struct ntf_room, memory));
}

static struct ntf_room *take_kept(struct ntf_rooms *rooms)
{
    struct ntf_room *room = NULL;
    uint32_t i;

    for (i = 0; i < NTF_ROOMS_KEPT && !room; i++)
        if (ntf_load(&rooms->kept[i], NTF_RELAXED) != 0)
            room = (struct ntf_room *)ntf_exchange(&rooms->kept[i], (uintptr_t)0, NTF_ACQUIRE);
    return room;
}

static struct ntf_room *make(size_t count, size_t each_bytes)
{
    struct ntf_room *room = NULL;

    if (count <= (SIZE_MAX - sizeof *room) / each_bytes)
        room = (struct ntf_room *)malloc(sizeof *room + count * each_bytes);
    if (room)
        room->size_bytes = count * each_bytes;
    return room;
}

void *ntf_room_take(struct ntf_rooms *rooms, size_t count, size_t each_bytes)
{
    struct ntf_room *room = rooms ? take_kept(rooms) : NULL;

    if (room && room->size_bytes / each_bytes < count) {
        free(room);
        room = NULL;
    }
    if (!room)
        room = make(count, each_bytes);
    return room ? room->memory : NULL;
}

NTF_WAY_OUT void ntf_room_give(struct ntf_rooms *rooms, void *memory)
{
    struct ntf_room *room = memory ? room_of(memory) : NULL;
    uint32_t i;

    for (i = 0; rooms && room && i < NTF_ROOMS_KEPT; i++) {
        uintptr_t none = 0;

        if (ntf_load(&rooms->kept[i], NTF_RELAXED) == 0 &&
            ntf_cas(&rooms->kept[i], &none, (uintptr_t)room, NTF_RELEASE))
            return;
    }
    free(room);
}

void ntf_rooms_expect(struct ntf_rooms *rooms, uint32_t fences)
{
    uint32_t before = ntf_load(&rooms->expected, NTF_RELAXED);
    uint32_t after = before < NTF_WAIT_SCRATCH ? NTF_WAIT_SCRATCH : before;

    if (fences <= after || after >= MOST_EXPECTED)
        return;
    while (after < fences && after < MOST_EXPECTED)
        after *= 2;
    /* Of those who come at once one makes them. Two: a wait in the layer has one for its list, one for its poller. */
    if (ntf_cas(&rooms->expected, &before, after, NTF_RELAXED)) {
        void *one = ntf_room_take(rooms, after, NTF_WAIT_EACH_BYTES);

        ntf_room_give(rooms, ntf_room_take(rooms, after, NTF_WAIT_EACH_BYTES));
        ntf_room_give(rooms, one);
    }
}

void ntf_rooms_finish(struct ntf_rooms *rooms)
{
    uint32_t i;

    for (i = 0; i < NTF_ROOMS_KEPT; i++) {
        free((struct ntf_room *)ntf_load(&rooms->kept[i], NTF_ACQUIRE));
        ntf_store(&rooms->kept[i], (uintptr_t)0, NTF_RELAXED);
    }
    ntf_store(&rooms->expected, 0u, NTF_RELAXED);
}
