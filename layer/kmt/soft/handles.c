/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overview
 *   A hash table with chains under a lock; handles count upwards, so chains are short and a handle is nearly always the
 *   first of its own. A reader without the lock looks at the first entry of a chain and no further.
 *
 * Why that is safe
 *   Entries are never freed, only used again, so whatever a reader holds is one. What its handle and class are is one
 *   word, the name, and that alone decides what soft_handle_is says. What stands behind it goes when the handle is
 *   ended, so who wants to use that without the lock has to hold the entry: `held` is a lock that is only ever tried.
 *   The table itself holds all entries but those in use for a synchronization object. A signal takes it, reads the name
 *   again, and gives it back by a store; who finds it taken goes by the table's lock and a reference instead. Who ends
 *   a handle takes it for good, before what it stands for may go and before the entry is used again. If a signal is in
 *   it, nobody waits: the entry is put aside, and taken by a later end or creation of a handle.
 */
#include "kmt/soft/handles.h"

#include "base/os/os.h"
#include "base/os/pause.h"
#include "kmt/soft/wait.h"

#include <stdlib.h>

#define BUCKETS 4096u
#define STEP 0x40u
#define TAG 0x40000000u
#define COUNT_MASK 0x00FFFFFFu /* TAG + count * STEP stays below 0x80000000 */
#define FIRST_ENTRIES 32u      /* these need no memory of their own */
#define MORE_ENTRIES 64u
#define END_TRIES 200u /* before an entry in which a signal is goes aside: longer than a signal takes, if it runs */

struct soft_entry {
    ntf_au32 name;           /* handle and class (name_of), 0: none; atomic, written under the lock */
    ntf_au32 held;           /* see above; atomic */
    D3DKMT_HANDLE device;    /* that it dies with; 0: none; protected by the lock */
    struct soft_sync *sync;  /* of SOFT_SYNC; the entry owns one reference; changed by the holder only */
    struct soft_entry *next; /* protected by the lock */
};

static struct {
    struct ntf_lock lock; /* protects all below */
    bool drawn;
    uint32_t count;            /* of the next handle */
    ntf_aptr buckets[BUCKETS]; /* struct soft_entry *; atomic, written under the lock */
    struct soft_entry *free;   /* entries without a name */
    struct soft_entry *aside;  /* entries of ended handles that a signal was in */
    struct soft_entry first[FIRST_ENTRIES];
} table;

static uint32_t name_of(D3DKMT_HANDLE handle, enum soft_class class)
{
    return handle | ((uint32_t)class + 1); /* the low six bits of a handle are clear */
}

static D3DKMT_HANDLE handle_of(struct soft_entry *entry)
{
    return ntf_load(&entry->name, NTF_RELAXED) & ~(STEP - 1);
}

static ntf_aptr *bucket_of(D3DKMT_HANDLE handle)
{
    return &table.buckets[handle / STEP % BUCKETS];
}

static struct soft_entry *first_of(D3DKMT_HANDLE handle)
{
    return (struct soft_entry *)ntf_load(bucket_of(handle), NTF_ACQUIRE);
}

static struct soft_entry *find_locked(D3DKMT_HANDLE handle, enum soft_class class)
{
    struct soft_entry *entry = first_of(handle);

    while (entry && ntf_load(&entry->name, NTF_RELAXED) != name_of(handle, class))
        entry = entry->next;
    return entry;
}

static bool taken_locked(D3DKMT_HANDLE handle)
{
    struct soft_entry *entry = first_of(handle);

    while (entry && handle_of(entry) != handle)
        entry = entry->next;
    return entry != NULL;
}

static D3DKMT_HANDLE draw_locked(void)
{
    D3DKMT_HANDLE handle;

    if (!table.drawn) {
        uint32_t random = 0;
        /* Without randomness handles of two copies can meet: then only a caller that mixes them up notices. */
        (void)ntf_os_random(&random, sizeof random);
        table.count = random;
        table.drawn = true;
    }
    do
        handle = TAG + (table.count++ & COUNT_MASK) * STEP;
    while (taken_locked(handle)); /* once round, after 16 million */
    return handle;
}

/* ---- entries ---- */

static bool try_hold(struct soft_entry *entry)
{
    uint32_t found = 0;

    return ntf_cas(&entry->held, &found, 1u, NTF_ACQUIRE);
}

static void give_locked(struct soft_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ntf_init(&entries[i].name, 0u);
        ntf_init(&entries[i].held, 1u);
        entries[i].next = table.free;
        table.free = &entries[i];
    }
}

/* An entry without a name, which the table holds; NULL: no memory. Blocks of them stay until the process ends. */
static struct soft_entry *take_entry_locked(void)
{
    struct soft_entry *entry;

    if (!table.drawn)
        give_locked(table.first, FIRST_ENTRIES);
    if (!table.free) {
        struct soft_entry *more = (struct soft_entry *)calloc(MORE_ENTRIES, sizeof *more);
        if (!more)
            return NULL;
        give_locked(more, MORE_ENTRIES);
    }
    entry = table.free;
    table.free = entry->next;
    entry->device = 0;
    entry->sync = NULL;
    return entry;
}

/* From here on it is found, and can be held by others if it is a synchronization object's. */
static D3DKMT_HANDLE insert_locked(struct soft_entry *entry, enum soft_class class)
{
    const D3DKMT_HANDLE handle = draw_locked();
    ntf_aptr *bucket = bucket_of(handle);

    entry->next = (struct soft_entry *)ntf_load(bucket, NTF_RELAXED);
    ntf_store(&entry->name, name_of(handle, class), NTF_RELEASE);
    if (class == SOFT_SYNC)
        ntf_store(&entry->held, 0u, NTF_RELEASE);
    ntf_store(bucket, (uintptr_t)entry, NTF_RELEASE);
    return handle;
}

/* Moves an entry from the table to the front of a list. */
static void move_locked(struct soft_entry *entry, struct soft_entry **list)
{
    ntf_aptr *bucket = bucket_of(handle_of(entry));
    struct soft_entry *before = (struct soft_entry *)ntf_load(bucket, NTF_RELAXED);

    if (before == entry) {
        ntf_store(bucket, (uintptr_t)entry->next, NTF_RELEASE);
    } else {
        while (before->next != entry)
            before = before->next;
        before->next = entry->next;
    }
    ntf_store(&entry->name, 0u, NTF_RELEASE);
    entry->next = *list;
    *list = entry;
}

static void move_children_locked(D3DKMT_HANDLE device, struct soft_entry **list)
{
    for (uint32_t i = 0; i < BUCKETS; i++) {
        struct soft_entry *entry = (struct soft_entry *)ntf_load(&table.buckets[i], NTF_RELAXED), *next;

        for (; entry; entry = next) {
            next = entry->next;
            if (entry->device == device)
                move_locked(entry, list);
        }
    }
}

/* ---- making ---- */

D3DKMT_HANDLE soft_handle_new(enum soft_class class)
{
    struct soft_entry *entry;
    D3DKMT_HANDLE handle = 0;

    ntf_lock_take(&table.lock);
    entry = take_entry_locked();
    if (entry)
        handle = insert_locked(entry, class);
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

static void recycle(struct soft_entry *entry);

/* Takes what was put aside and has been left since. */
static void clear_up(void)
{
    struct soft_entry *list = NULL, **at;

    ntf_lock_take(&table.lock);
    for (at = &table.aside; *at;) {
        struct soft_entry *entry = *at;

        if (!try_hold(entry)) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        entry->next = list;
        list = entry;
    }
    ntf_lock_drop(&table.lock);
    while (list) {
        struct soft_entry *entry = list;

        list = entry->next;
        soft_sync_put(entry->sync);
        recycle(entry);
    }
}

/* INVALID_PARAMETER: no such device; NO_MEMORY. */
static ntf_status insert_sync_locked(struct soft_sync *sync, D3DKMT_HANDLE device, D3DKMT_HANDLE *out)
{
    struct soft_entry *entry;

    if (device != 0 && !find_locked(device, SOFT_DEVICE))
        return NTF_STATUS_INVALID_PARAMETER;
    entry = take_entry_locked();
    if (!entry)
        return NTF_STATUS_NO_MEMORY;
    entry->device = device;
    entry->sync = sync;
    *out = insert_locked(entry, SOFT_SYNC);
    return NTF_STATUS_SUCCESS;
}

ntf_status soft_handle_new_sync(struct soft_object *object, uint32_t flags, D3DKMT_HANDLE device, D3DKMT_HANDLE *out)
{
    struct soft_sync *sync = new_sync(object, flags);
    ntf_status status;

    if (!sync)
        return NTF_STATUS_NO_MEMORY;
    clear_up();
    ntf_lock_take(&table.lock);
    status = insert_sync_locked(sync, device, out);
    ntf_lock_drop(&table.lock);
    if (status != NTF_STATUS_SUCCESS)
        free(sync);
    return status;
}

bool soft_handle_is(D3DKMT_HANDLE handle, enum soft_class class)
{
    struct soft_entry *entry = first_of(handle);
    bool is;

    if (entry && ntf_load(&entry->name, NTF_ACQUIRE) == name_of(handle, class))
        return true;
    ntf_lock_take(&table.lock);
    is = find_locked(handle, class) != NULL;
    ntf_lock_drop(&table.lock);
    return is;
}

/* ---- ending ---- */

static void end_sync(struct soft_sync *sync)
{
    soft_object_ref(sync->object); /* for the waits to look at, whoever is the last user */
    ntf_store(&sync->ended, 1u, NTF_RELEASE);
    soft_object_leave(sync->object);
    soft_waits_look_again();
}

static void put_aside(struct soft_entry *entry)
{
    ntf_lock_take(&table.lock);
    entry->next = table.aside;
    table.aside = entry;
    ntf_lock_drop(&table.lock);
}

/* The entry is the table's again. */
static void recycle(struct soft_entry *entry)
{
    ntf_lock_take(&table.lock);
    entry->next = table.free;
    table.free = entry;
    ntf_lock_drop(&table.lock);
}

static void end_entry(struct soft_entry *entry)
{
    uint32_t tries = 0;

    if (entry->sync) {
        end_sync(entry->sync);
        while (!try_hold(entry)) {
            if (++tries == END_TRIES) {
                put_aside(entry);
                return;
            }
            ntf_pause();
        }
        soft_sync_put(entry->sync);
    }
    recycle(entry);
}

bool soft_handle_end(D3DKMT_HANDLE handle, enum soft_class class)
{
    struct soft_entry *entry, *list = NULL;

    clear_up();
    ntf_lock_take(&table.lock);
    entry = find_locked(handle, class);
    if (entry) {
        move_locked(entry, &list);
        if (class == SOFT_DEVICE)
            move_children_locked(handle, &list);
    }
    ntf_lock_drop(&table.lock);
    if (!list)
        return false;
    while (list) {
        entry = list;
        list = entry->next;
        end_entry(entry);
    }
    return true;
}

/* ---- using ---- */

struct soft_sync *soft_sync_enter(D3DKMT_HANDLE handle, struct soft_entry **out)
{
    struct soft_entry *entry = first_of(handle);
    const uint32_t name = name_of(handle, SOFT_SYNC);

    if (!entry || ntf_load(&entry->name, NTF_RELAXED) != name || !try_hold(entry))
        return NULL;
    /* It may have been ended, and used again, before we held it. From now on it cannot be used again. */
    if (ntf_load(&entry->name, NTF_RELAXED) != name) {
        soft_sync_exit(entry);
        return NULL;
    }
    *out = entry;
    return entry->sync;
}

void soft_sync_exit(struct soft_entry *entry)
{
    ntf_store(&entry->held, 0u, NTF_RELEASE);
}

struct soft_sync *soft_sync_get(D3DKMT_HANDLE handle)
{
    struct soft_sync *sync = NULL;
    struct soft_entry *entry;

    ntf_lock_take(&table.lock);
    entry = find_locked(handle, SOFT_SYNC);
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
