/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/handles.h"

#include "base/os/os.h"
#include "kmt/soft/mutex.h"
#include "kmt/soft/wait.h"

#include <stdlib.h>

#define BUCKETS 1024u
#define STEP 0x40u
#define TAG 0x40000000u
#define COUNT_MASK 0x00FFFFFFu /* TAG + count * STEP stays below 0x80000000 */

struct entry {
    D3DKMT_HANDLE handle; /* immutable, as is all but next */
    enum soft_class class;
    D3DKMT_HANDLE device;   /* that it dies with; 0: none */
    D3DKMT_HANDLE resource; /* of SOFT_ALLOCATION: that it dies with, too; 0: none */
    struct soft_sync *sync; /* of SOFT_SYNC, SOFT_MUTEX, SOFT_RESOURCE; the entry owns one reference */
    struct entry *next;
};

static struct {
    struct ntf_lock lock; /* protects all below */
    bool drawn;
    uint32_t count; /* of the next handle */
    struct entry *buckets[BUCKETS];
} table;

static struct entry **bucket_of(D3DKMT_HANDLE handle)
{
    return &table.buckets[handle / STEP % BUCKETS];
}

/* Where the pointer to the entry is, or the NULL at the end of its chain. */
static struct entry **find_locked(D3DKMT_HANDLE handle, enum soft_class class)
{
    struct entry **at = bucket_of(handle);

    while (*at && ((*at)->handle != handle || (*at)->class != class))
        at = &(*at)->next;
    return at;
}

static bool taken_locked(D3DKMT_HANDLE handle)
{
    const struct entry *entry = *bucket_of(handle);

    while (entry && entry->handle != handle)
        entry = entry->next;
    return entry != NULL;
}

static void insert_locked(struct entry *entry)
{
    struct entry **bucket;

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
    entry->next = *bucket;
    *bucket = entry;
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
    alive = *find_locked(device, SOFT_DEVICE) && (resource == 0 || *find_locked(resource, SOFT_RESOURCE));
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
    ntf_lock_take(&table.lock);
    alive = device == 0 || *find_locked(device, SOFT_DEVICE) != NULL;
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

bool soft_handle_is(D3DKMT_HANDLE handle, enum soft_class class)
{
    bool is;

    ntf_lock_take(&table.lock);
    is = *find_locked(handle, class) != NULL;
    ntf_lock_drop(&table.lock);
    return is;
}

bool soft_handle_is_of(D3DKMT_HANDLE handle, enum soft_class class, D3DKMT_HANDLE device)
{
    const struct entry *entry;
    bool is;

    ntf_lock_take(&table.lock);
    entry = *find_locked(handle, class);
    is = entry && entry->device == device;
    ntf_lock_drop(&table.lock);
    return is;
}

/* Moves an entry from the table to the front of a list. */
static void move_locked(struct entry **at, struct entry **list)
{
    struct entry *entry = *at;

    *at = entry->next;
    entry->next = *list;
    *list = entry;
}

/* What belongs to a device or a resource. */
static void move_children_locked(D3DKMT_HANDLE parent, struct entry **list)
{
    uint32_t i;

    for (i = 0; i < BUCKETS; i++) {
        struct entry **at = &table.buckets[i];
        while (*at) {
            if ((*at)->device == parent || (*at)->resource == parent)
                move_locked(at, list);
            else
                at = &(*at)->next;
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
    struct entry **at, *list = NULL;

    ntf_lock_take(&table.lock);
    at = find_locked(handle, class);
    if (*at) {
        move_locked(at, &list);
        if (class == SOFT_DEVICE || class == SOFT_RESOURCE)
            move_children_locked(handle, &list);
    }
    ntf_lock_drop(&table.lock);
    if (!list)
        return false;
    while (list) {
        struct entry *entry = list;
        list = entry->next;
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
    struct soft_sync *sync = NULL;
    struct entry *entry;

    ntf_lock_take(&table.lock);
    entry = *find_locked(handle, class);
    if (entry) {
        sync = entry->sync;
        (void)ntf_fetch_add(&sync->references, 1u, NTF_RELAXED);
    }
    ntf_lock_drop(&table.lock);
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
