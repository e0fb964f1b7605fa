/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/fences.h"

#include <stdlib.h>
#include <string.h>

#include "fence/keyed.h"

#define CHUNK_FENCES 64

struct ntf_fence_chunk {
    struct ntf_fence_chunk *next;
    struct ntf_fence fences[CHUNK_FENCES];
};

/* Puts payload into the slot and drops the reference that the slot held. A mutex is released now, whoever still has a
 * reference; what is returned is what became of that. */
static enum ntf_result replace_told(ntf_aptr *slot, struct ntf_payload *payload, ntf_status *status)
{
    struct ntf_payload *before = (struct ntf_payload *)ntf_exchange(slot, (uintptr_t)payload, NTF_ACQ_REL);
    enum ntf_result result = NTF_OK;

    if (before && ntf_payload_is_keyed(before))
        result = ntf_keyed_release(before->keyed, status);
    ntf_payload_unref(before);
    return result;
}

static void replace(ntf_aptr *slot, struct ntf_payload *payload)
{
    ntf_status ignored;

    (void)replace_told(slot, payload, &ignored);
}

enum ntf_result ntf_fences_init(struct ntf_fences *fences)
{
    ntf_lock_init(&fences->lock);
    fences->chunks = NULL;
    fences->free = NULL;
    memset(&fences->rooms, 0, sizeof fences->rooms);
    return ntf_table_init(&fences->table);
}

void ntf_fences_finish(struct ntf_fences *fences)
{
    for (struct ntf_fence_chunk *chunk = fences->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        for (uint32_t i = 0; i < CHUNK_FENCES; i++) {
            replace(&chunk->fences[i].temporary, NULL);
            replace(&chunk->fences[i].permanent, NULL);
        }
        free(chunk);
    }
    ntf_table_finish(&fences->table);
    ntf_rooms_finish(&fences->rooms);
}

/* Adds a chunk of free records. Called under the lock. */
static bool grow_locked(struct ntf_fences *fences)
{
    struct ntf_fence_chunk *chunk = malloc(sizeof *chunk);

    if (!chunk)
        return false;
    for (uint32_t i = 0; i < CHUNK_FENCES; i++) {
        struct ntf_fence *fence = &chunk->fences[i];

        ntf_init(&fence->permanent, 0);
        ntf_init(&fence->temporary, 0);
        ntf_init(&fence->clean, 0);
        fence->handle = 0;
        fence->next_free = i + 1 < CHUNK_FENCES ? fence + 1 : NULL;
    }
    chunk->next = fences->chunks;
    fences->chunks = chunk;
    fences->free = &chunk->fences[0];
    return true;
}

static struct ntf_fence *fence_new(struct ntf_fences *fences, uint64_t handle)
{
    struct ntf_fence *fence = NULL;

    ntf_lock_take(&fences->lock);
    if (fences->free || grow_locked(fences)) {
        fence = fences->free;
        fences->free = fence->next_free;
    }
    ntf_lock_drop(&fences->lock);
    if (fence) {
        fence->handle = handle;
        ntf_store(&fence->clean, 0u, NTF_RELAXED);
    }
    return fence;
}

static void fence_free(struct ntf_fences *fences, struct ntf_fence *fence)
{
    ntf_lock_take(&fences->lock);
    fence->next_free = fences->free;
    fences->free = fence;
    ntf_lock_drop(&fences->lock);
}

/* The record of a handle, made if there is none; NULL without memory. */
static struct ntf_fence *obtain(struct ntf_fences *fences, uint64_t handle)
{
    struct ntf_fence *fence = ntf_fences_find(fences, handle);

    if (fence)
        return fence;
    fence = fence_new(fences, handle);
    if (fence && ntf_table_insert(&fences->table, handle, (uintptr_t)fence) != NTF_OK) {
        fence_free(fences, fence);
        return NULL;
    }
    return fence;
}

void ntf_fences_track(struct ntf_fences *fences, uint64_t handle)
{
    struct ntf_fence *fence = obtain(fences, handle);

    if (fence)
        ntf_store(&fence->clean, 1u, NTF_RELEASE);
}

enum ntf_result ntf_fences_import(struct ntf_fences *fences, uint64_t handle, struct ntf_payload *payload,
                                  bool temporary)
{
    struct ntf_fence *fence = obtain(fences, handle);

    if (!fence)
        return NTF_E_NO_MEMORY;
    if (temporary) {
        replace(&fence->temporary, payload);
    } else {
        replace(&fence->permanent, payload);
        replace(&fence->temporary, NULL);
    }
    ntf_rooms_expect(&fences->rooms, ntf_load(&fences->table.live, NTF_RELAXED));
    return NTF_OK;
}

void ntf_fences_put_temporary(struct ntf_fences *fences, uint64_t handle, struct ntf_payload *payload)
{
    struct ntf_fence *fence = ntf_fences_find(fences, handle);

    if (fence)
        replace(&fence->temporary, payload);
    else
        ntf_payload_unref(payload); /* the application has destroyed it under its own command */
}

void ntf_fences_reset(struct ntf_fences *fences, uint64_t handle, enum ntf_result *result, ntf_status *status)
{
    struct ntf_fence *fence = ntf_fences_find(fences, handle);
    struct ntf_payload *permanent;
    enum ntf_result released;

    *result = NTF_OK;
    if (!fence)
        return;
    /* Vulkan 1.3, vkResetFences: a fence with a temporarily imported payload has its prior permanent payload
     * restored first; the remaining operations act on that one. */
    released = replace_told(&fence->temporary, NULL, status);
    permanent = ntf_fence_payload(&fence->permanent);
    if (permanent)
        *result = ntf_payload_reset(permanent, status);
    else if (!ntf_load(&fence->clean, NTF_RELAXED))
        ntf_fences_forget(fences, handle); /* a plain fence again */
    if (*result == NTF_OK)
        *result = released;
}

bool ntf_fences_has_permanent(struct ntf_fences *fences, uint64_t handle)
{
    struct ntf_fence *fence = ntf_fences_find(fences, handle);

    return fence && ntf_fence_payload(&fence->permanent);
}

bool ntf_fences_driver_resets(struct ntf_fences *fences, uint64_t handle)
{
    struct ntf_fence *fence = ntf_fences_find(fences, handle);
    const struct ntf_payload *temporary = fence ? ntf_fence_payload(&fence->temporary) : NULL;

    if (!fence || !ntf_fence_payload(&fence->permanent))
        return true;
    return temporary && ntf_payload_is_driver(temporary) && !temporary->driver.pooled;
}

void ntf_fences_forget(struct ntf_fences *fences, uint64_t handle)
{
    uint64_t value;
    struct ntf_fence *fence;

    if (ntf_fences_none(fences) || !ntf_table_remove(&fences->table, handle, &value))
        return;
    fence = (struct ntf_fence *)(uintptr_t)value;
    replace(&fence->temporary, NULL);
    replace(&fence->permanent, NULL);
    fence_free(fences, fence);
}
