/* SPDX-License-Identifier: Apache-2.0 */
/* What the imports of one object in this process know of each other's writes (vulkan/timeline.h). */
#include <stdlib.h>

#include "vulkan/timeline_parts.h"

/* The least maxTimelineSemaphoreValueDifference (Vulkan 1.3, "Required Limits"). */
#define LEAP_MAX UINT64_C(0x7FFFFFFF)

static struct ntf_lock lock;                /* protects what follows, and the records */
static struct ntf_timeline_object *objects; /* a handful: those imported now */

struct ntf_timeline_object *ntf_timeline_object_join(const ntf_au64 *value)
{
    struct ntf_timeline_object *object;

    ntf_lock_take(&lock);
    for (object = objects; object && object->value != value; object = object->next)
        ;
    if (!object && (object = malloc(sizeof *object))) {
        *object = (struct ntf_timeline_object){ .next = objects, .value = value };
        objects = object;
    }
    if (object)
        object->imports++;
    ntf_lock_drop(&lock);
    return object;
}

void ntf_timeline_object_leave(struct ntf_timeline_object *object)
{
    struct ntf_timeline_object **link = &objects;
    bool last;

    ntf_lock_take(&lock);
    last = --object->imports == 0;
    while (last && *link != object)
        link = &(*link)->next;
    if (last)
        *link = object->next;
    ntf_lock_drop(&lock);
    if (last)
        free(object);
}

bool ntf_timeline_object_claim(struct ntf_timeline_object *object, struct ntf_timeline_write *write, uint64_t turn)
{
    const uint64_t target = write->values[0];
    uint64_t value;
    bool mine;

    ntf_lock_take(&lock);
    value = ntf_object_value(write->timeline->payload->object);
    mine = target > value && target - value <= LEAP_MAX && target > object->highest && target != UINT64_MAX &&
           (!object->queue || object->queue == write->queue) &&
           value >= object->noted; /* a kernel refuses the CPU what lies below a queued signal */
    if (mine) {
        write->before.highest = object->highest;
        write->before.queue = object->queue;
        write->before.turn = object->turn;
        object->highest = target;
        object->queue = write->queue;
        object->turn = turn;
    }
    ntf_lock_drop(&lock);
    return mine;
}

void ntf_timeline_object_unclaim(struct ntf_timeline_object *object, const struct ntf_timeline_write *write)
{
    ntf_lock_take(&lock);
    if (object->highest == write->values[0])
        object->highest = write->before.highest;
    /* Nobody else has claimed it meanwhile: another queue could not, and this one's ticket is the caller's. */
    object->queue = write->before.queue;
    object->turn = write->before.turn;
    if (object->queue && object->turn <= ntf_load(&object->queue->over, NTF_ACQUIRE))
        object->queue = NULL;
    ntf_lock_drop(&lock);
}

void ntf_timeline_object_note(struct ntf_timeline_object *object, uint64_t target)
{
    ntf_lock_take(&lock);
    if (object->highest < target)
        object->highest = object->noted = target;
    ntf_lock_drop(&lock);
}

void ntf_timeline_object_over(struct ntf_timeline_object *object, const struct ntf_timeline_queue *queue,
                              uint64_t turn)
{
    ntf_lock_take(&lock);
    if (object->queue == queue && object->turn <= turn)
        object->queue = NULL;
    ntf_lock_drop(&lock);
}

struct ntf_timeline_queue *ntf_timeline_object_elsewhere(struct ntf_timeline_object *object,
                                                         const struct ntf_timeline_queue *queue)
{
    struct ntf_timeline_queue *other;

    ntf_lock_take(&lock);
    other = object->queue;
    if (other && (other == queue || other->timelines != queue->timelines))
        other = NULL;
    ntf_lock_drop(&lock);
    return other;
}
