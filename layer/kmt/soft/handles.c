/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/handles.h"

#include "base/os/nearby.h"
#include "base/os/os.h"
#include "kmt/soft/mutex.h"
#include "kmt/soft/visits.h"
#include "kmt/soft/wait.h"

#include <stdlib.h>

#define BUCKETS 1024u
#define STEP 0x40u
#define TAG 0x40000000u
#define COUNT_MASK 0x00FFFFFFu /* TAG + count * STEP stays below 0x80000000 */

/* What a signal needs comes first, and leads straight to the value: one that comes once a frame finds nothing of this
 * in the cache, and each step on the way costs a wait for memory. */
struct entry {
    D3DKMT_HANDLE handle; /* immutable, as is all but next and ended */
    enum soft_class class;
    ntf_aptr next;           /* struct entry *; as the buckets */
    struct soft_fence fence; /* of SOFT_SYNC */
    struct soft_sync *sync;  /* of SOFT_SYNC, SOFT_MUTEX, SOFT_RESOURCE; the entry owns one reference */
    D3DKMT_HANDLE device;    /* that it dies with; 0: none */
    D3DKMT_HANDLE resource;  /* of SOFT_ALLOCATION: that it dies with, too; 0: none */
    struct entry *ended;     /* the next in a list of those that have been taken out; who took them out reads it */
};

static struct {
    struct ntf_lock lock; /* protects all below against other changes */
    bool drawn;
    uint32_t count; /* of the next handle */
    ntf_aptr buckets[BUCKETS]; /* struct entry *; seq_cst, since visitors read without the lock (visits.h) */
    struct soft_visits visits;
} table;

static ntf_aptr *bucket_of(D3DKMT_HANDLE handle)
{
    return &table.buckets[handle / STEP % BUCKETS];
}

static struct entry *entry_at(ntf_aptr *at)
{
    return (struct entry *)ntf_load(at, NTF_SEQ_CST);
}

/* Where the pointer to the entry is, or the NULL at the end of its chain. In a visit, or under the lock. */
static NTF_SIGNALS ntf_aptr *find(D3DKMT_HANDLE handle, enum soft_class class)
{
    ntf_aptr *at = bucket_of(handle);
    struct entry *entry;

    while ((entry = entry_at(at)) != NULL && (entry->handle != handle || entry->class != class))
        at = &entry->next;
    return at;
}

static NTF_SIGNALS bool is_there(D3DKMT_HANDLE handle, enum soft_class class)
{
    return entry_at(find(handle, class)) != NULL;
}

static bool taken_locked(D3DKMT_HANDLE handle)
{
    struct entry *entry = entry_at(bucket_of(handle));

    while (entry && entry->handle != handle)
        entry = entry_at(&entry->next);
    return entry != NULL;
}

static void insert_locked(struct entry *entry)
{
    ntf_aptr *bucket;

    if (!table.drawn) {
        uint32_t random = 0;
        /* Without randomness handles of two copies can meet: then only a caller that mixes them up notices. */
        (void)ntf_os_random(&random, sizeof random);
        table.count = random;
        table.drawn = true;
    }
    do
        entry->handle = TAG + (table.count++ & COUNT_MASK) * STEP;
    while (taken_locked(entry->handle)); /* once round, after 16 million */
    bucket = bucket_of(entry->handle);
    ntf_init(&entry->next, ntf_load(bucket, NTF_RELAXED));
    ntf_store(bucket, (uintptr_t)entry, NTF_SEQ_CST);
}

static struct entry *new_entry(enum soft_class class)
{
    struct entry *entry = (struct entry *)calloc(1, sizeof *entry);

    if (entry)
        entry->class = class;
    return entry;
}

D3DKMT_HANDLE soft_handle_new(enum soft_class class)
{
    struct entry *entry = new_entry(class);
    D3DKMT_HANDLE handle;

    if (!entry)
        return 0;
    ntf_lock_take(&table.lock);
    insert_locked(entry);
    handle = entry->handle;
    ntf_lock_drop(&table.lock);
    return handle;
}

static struct soft_sync *new_sync(struct soft_object *object, uint32_t flags)
{
    struct soft_sync *sync = (struct soft_sync *)calloc(1, sizeof *sync);

    if (!sync)
        return NULL;
    sync->object = object;
    sync->flags = flags;
    ntf_init(&sync->ended, 0u);
    ntf_init(&sync->references, 1u);
    return sync;
}

ntf_status soft_handle_new_sync(struct soft_object *object, uint32_t flags, D3DKMT_HANDLE device, D3DKMT_HANDLE *out)
{
    return soft_handle_new_object(SOFT_SYNC, object, flags, device, out);
}

ntf_status soft_handle_new_allocation(D3DKMT_HANDLE device, D3DKMT_HANDLE resource, D3DKMT_HANDLE *out)
{
    struct entry *entry = new_entry(SOFT_ALLOCATION);
    bool alive;

    if (!entry)
        return NTF_STATUS_NO_MEMORY;
    entry->device = device;
    entry->resource = resource;
    ntf_lock_take(&table.lock);
    alive = is_there(device, SOFT_DEVICE) && (resource == 0 || is_there(resource, SOFT_RESOURCE));
    if (alive) {
        insert_locked(entry);
        *out = entry->handle;
    }
    ntf_lock_drop(&table.lock);
    if (!alive)
        free(entry);
    return alive ? NTF_STATUS_SUCCESS : NTF_STATUS_INVALID_PARAMETER;
}

ntf_status soft_handle_new_object(enum soft_class class, struct soft_object *object, uint32_t flags,
                                  D3DKMT_HANDLE device, D3DKMT_HANDLE *out)
{
    struct entry *entry = new_entry(class);
    struct soft_sync *sync = new_sync(object, flags);
    bool alive;

    if (!entry || !sync) {
        free(entry);
        free(sync);
        return NTF_STATUS_NO_MEMORY;
    }
    entry->device = device;
    entry->sync = sync;
    if (class == SOFT_SYNC && soft_object_is_fence(object))
        entry->fence = (struct soft_fence){ object->page, &object->page_ops, flags };
    ntf_lock_take(&table.lock);
    alive = device == 0 || is_there(device, SOFT_DEVICE);
    if (alive) {
        insert_locked(entry);
        *out = entry->handle;
    }
    ntf_lock_drop(&table.lock);
    if (!alive) {
        free(entry);
        free(sync);
        return NTF_STATUS_INVALID_PARAMETER;
    }
    return NTF_STATUS_SUCCESS;
}

NTF_SIGNALS void soft_handles_expect(D3DKMT_HANDLE handle)
{
    ntf_fetch_read(bucket_of(handle));
}

NTF_SIGNALS uint32_t soft_handles_visit(void)
{
    const char here = 0;

    /* Each thread has a stack of its own, and stacks are far from one another. */
    return soft_visit_begin(&table.visits, (uint32_t)((uintptr_t)&here >> 12) * 0x9E3779B1u >> 24);
}

NTF_SIGNALS void soft_handles_leave(uint32_t place)
{
    soft_visit_end(&table.visits, place);
}

NTF_SIGNALS bool soft_visited_is(D3DKMT_HANDLE handle, enum soft_class class)
{
    return is_there(handle, class);
}

NTF_SIGNALS const struct soft_fence *soft_visited_fence(D3DKMT_HANDLE handle)
{
    const struct entry *entry = entry_at(find(handle, SOFT_SYNC));

    return entry && entry->fence.page ? &entry->fence : NULL;
}

static struct soft_sync *visited_sync(D3DKMT_HANDLE handle, enum soft_class class)
{
    const struct entry *entry = entry_at(find(handle, class));

    return entry ? entry->sync : NULL;
}

bool soft_handle_is(D3DKMT_HANDLE handle, enum soft_class class)
{
    const uint32_t place = soft_handles_visit();
    const bool is = is_there(handle, class);

    soft_handles_leave(place);
    return is;
}

bool soft_handle_is_of(D3DKMT_HANDLE handle, enum soft_class class, D3DKMT_HANDLE device)
{
    const uint32_t place = soft_handles_visit();
    const struct entry *entry = entry_at(find(handle, class));
    const bool is = entry && entry->device == device;

    soft_handles_leave(place);
    return is;
}

/* Moves an entry from the table to the front of a list. Its own way on stays, for visitors that are at it. */
static void move_locked(ntf_aptr *at, struct entry **list)
{
    struct entry *entry = entry_at(at);

    ntf_store(at, ntf_load(&entry->next, NTF_RELAXED), NTF_SEQ_CST);
    entry->ended = *list;
    *list = entry;
}

/* What belongs to a device or a resource. */
static void move_children_locked(D3DKMT_HANDLE parent, struct entry **list)
{
    uint32_t i;

    for (i = 0; i < BUCKETS; i++) {
        ntf_aptr *at = &table.buckets[i];
        struct entry *entry;
        while ((entry = entry_at(at)) != NULL) {
            if (entry->device == parent || entry->resource == parent)
                move_locked(at, list);
            else
                at = &entry->next;
        }
    }
}

static void end_sync(struct soft_sync *sync)
{
    const bool mutex = soft_what_of(sync->object->header.kind) == SOFT_IS_MUTEX;

    soft_object_ref(sync->object); /* for the waits to look at, whoever is the last user */
    ntf_store(&sync->ended, 1u, NTF_RELEASE);
    if (mutex)
        soft_mutex_end(sync->object, sync);
    soft_object_leave(sync->object);
    if (mutex)
        soft_mutex_waits_look_again(sync);
    else
        soft_waits_look_again();
    soft_sync_put(sync);
}

bool soft_handle_end(D3DKMT_HANDLE handle, enum soft_class class)
{
    struct entry *list = NULL;
    ntf_aptr *at;

    ntf_lock_take(&table.lock);
    at = find(handle, class);
    if (entry_at(at)) {
        move_locked(at, &list);
        if (class == SOFT_DEVICE || class == SOFT_RESOURCE)
            move_children_locked(handle, &list);
    }
    ntf_lock_drop(&table.lock);
    if (!list)
        return false;
    soft_visits_await(&table.visits);
    while (list) {
        struct entry *entry = list;
        list = entry->ended;
        if (entry->sync)
            end_sync(entry->sync);
        free(entry);
    }
    return true;
}

struct soft_sync *soft_sync_get(D3DKMT_HANDLE handle)
{
    return soft_handle_get(handle, SOFT_SYNC);
}

struct soft_sync *soft_handle_get(D3DKMT_HANDLE handle, enum soft_class class)
{
    const uint32_t place = soft_handles_visit();
    struct soft_sync *sync = visited_sync(handle, class);

    if (sync)
        (void)ntf_fetch_add(&sync->references, 1u, NTF_RELAXED);
    soft_handles_leave(place);
    return sync;
}

/* The last one gives back the object's reference that end_sync took: only a handle that has ended gets here. */
void soft_sync_put(struct soft_sync *sync)
{
    if (ntf_fetch_sub(&sync->references, 1u, NTF_ACQ_REL) != 1)
        return;
    soft_object_unref(sync->object);
    free(sync);
}

bool soft_sync_released(const struct soft_sync *sync)
{
    ntf_au32 *ended = (ntf_au32 *)(uintptr_t)&sync->ended;

    if (ntf_load(ended, NTF_ACQUIRE) == 0)
        return false;
    return !(sync->flags & NTF_SYNC_UNWAIT_ON_DESTROY) || ntf_load(&sync->object->users, NTF_RELAXED) == 0;
}
