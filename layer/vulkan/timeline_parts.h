/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the timeline route (vulkan/timeline.h has the whole story). For timeline*.c alone. */
#ifndef NTF_VULKAN_TIMELINE_PARTS_H
#define NTF_VULKAN_TIMELINE_PARTS_H

#include "vulkan/device.h"
#include "vulkan/timeline.h"

struct ntf_timeline_queue {
    struct ntf_timeline_queue *next; /* immutable once published */
    struct ntf_timelines *timelines;
    VkQueue handle;
    VkSemaphore semaphore; /* the layer's own, which counts the writes */
    struct ntf_lock ticket;
    uint64_t turns;                    /* writes begun; protected by the ticket */
    ntf_au64 over;                     /* writes known to be over; only ever raised */
    struct ntf_timeline *first, *last; /* with pending writes, by their last one; protected by the device's lock */
};

/* What all imports of an object in this process know of it; protected by a lock of the process. */
struct ntf_timeline_object {
    struct ntf_timeline_object *next;
    const ntf_au64 *value; /* CurrentValue: by that address an object is known */
    uint32_t imports;
    uint64_t highest;                 /* target of all submissions so far, by either route */
    uint64_t noted;                   /* the highest of those that go by the bridge */
    struct ntf_timeline_queue *queue; /* where a write may be pending; NULL: nowhere */
    uint64_t turn;                    /* the last of those */
};

/* The semaphore of a payload. */
struct ntf_timeline {
    struct ntf_writer writer; /* must be first */
    struct ntf_device *device;
    struct ntf_payload *payload; /* without a reference, but while there is a queue */
    struct ntf_timeline_object *object;
    VkSemaphore semaphore;
    ntf_au64 submitted; /* the highest target of a write; only ever raised */
    ntf_au64 seen;      /* by the lower chain; only ever raised */
    /* protected by the device's lock: */
    struct ntf_timeline_queue *queue;    /* that has pending writes of it; NULL: none */
    struct ntf_timeline *before, *after; /* in the queue's list */
    uint64_t turn;                       /* of the last one */
    uint64_t due;                        /* what the object shall have reached then */
};

struct ntf_timelines {
    struct ntf_device *device;
    PFN_vkGetSemaphoreCounterValue counter;
    struct ntf_lock making; /* of queues and the watcher */
    ntf_aptr queues;        /* struct ntf_timeline_queue *, only ever grows at its head */
    struct ntf_lock lock;
    bool asleep;                 /* the watcher is; protected by lock */
    struct ntf_thread *watcher;  /* protected by making */
    ntf_au32 beat;               /* the watcher sleeps on it */
    ntf_au32 stop;
};

static inline struct ntf_timeline *ntf_timeline_of(const struct ntf_payload *payload)
{
    return (struct ntf_timeline *)payload->writer;
}

static inline void ntf_timeline_raise(ntf_au64 *value, uint64_t least)
{
    uint64_t found = ntf_load(value, NTF_RELAXED);

    while (found < least && !ntf_cas(value, &found, least, NTF_ACQ_REL))
        ;
}

/* ---- timeline_object.c ---- */

/* The record of the object with that CurrentValue, made if there is none; NULL without memory. */
struct ntf_timeline_object *ntf_timeline_object_join(const ntf_au64 *value);
void ntf_timeline_object_leave(struct ntf_timeline_object *object);
/* Whether the queue may write that target as its turn-th write; if so, it is taken down. */
bool ntf_timeline_object_claim(struct ntf_timeline_object *object, struct ntf_timeline_write *write, uint64_t turn);
/* The write will never be. */
void ntf_timeline_object_unclaim(struct ntf_timeline_object *object, const struct ntf_timeline_write *write);
/* The CPU will write it. */
void ntf_timeline_object_note(struct ntf_timeline_object *object, uint64_t target);
/* The queue's writes are over up to that turn. */
void ntf_timeline_object_over(struct ntf_timeline_object *object, const struct ntf_timeline_queue *queue,
                              uint64_t turn);
/* A queue of this device, not the one given, that may have a write pending; NULL: there is none. */
struct ntf_timeline_queue *ntf_timeline_object_elsewhere(struct ntf_timeline_object *object,
                                                         const struct ntf_timeline_queue *queue);

/* ---- timeline_import.c ---- */

/* A timeline at 0, without the application's allocator. */
VkResult ntf_timeline_semaphore(struct ntf_device *device, VkSemaphore *out);

#endif /* NTF_VULKAN_TIMELINE_PARTS_H */
