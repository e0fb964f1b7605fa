/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fences of one device that are more than the driver's own: from the handle's number to a record with a
 * permanent payload and at most one temporary one. The active payload is the temporary if there is one; NULL means
 * the driver's. A VkFence handle is never wrapped, and a plain fence has a record only while its signals go by
 * stand-ins (ntf_fences_track).
 *
 * Records come from pools that are never unmapped while the device lives, so a reader needs no lock, no reference
 * and no grace period. Import, reset and destroy of one fence are serialised by the application, so no reader of a
 * handle meets its record being given to another; the table, whose arrays have epochs, takes care of different fences at
 * once. A generation in each record would be counted and never read, so there is none.
 */
#ifndef NTF_FENCE_FENCES_H
#define NTF_FENCE_FENCES_H

#include "base/table.h"
#include "fence/payload.h"
#include "fence/rooms.h"

struct ntf_fence {
    ntf_aptr permanent; /* struct ntf_payload *, one reference; NULL: the driver's */
    ntf_aptr temporary; /* struct ntf_payload *, one reference; NULL: none */
    uint64_t handle;    /* immutable while in the table */
    ntf_au32 clean;     /* what the driver would signal it for goes by stand-ins (ntf_fences_track) */
    struct ntf_fence *next_free; /* protected by the pool's lock */
};

struct ntf_fence_chunk;
struct ntf_fences {
    struct ntf_table table; /* handle -> struct ntf_fence * */
    struct ntf_lock lock;   /* protects the two below */
    struct ntf_fence_chunk *chunks;
    struct ntf_fence *free;
    struct ntf_rooms rooms; /* for waits that are too long for a stack */
};

enum ntf_result ntf_fences_init(struct ntf_fences *fences);
/* Drops every payload that is left. */
void ntf_fences_finish(struct ntf_fences *fences);

/* True when no fence of the device has a record: one relaxed load, the gate of every hooked command. */
static inline bool ntf_fences_none(struct ntf_fences *fences)
{
    return ntf_table_empty(&fences->table);
}

/* The record of a handle, NULL if it has none. */
static inline struct ntf_fence *ntf_fences_find(struct ntf_fences *fences, uint64_t handle)
{
    uint64_t value;

    if (ntf_fences_none(fences) || !ntf_table_find(&fences->table, handle, &value))
        return NULL;
    return (struct ntf_fence *)(uintptr_t)value;
}

static inline struct ntf_payload *ntf_fence_payload(ntf_aptr *slot)
{
    return (struct ntf_payload *)ntf_load(slot, NTF_ACQUIRE);
}

static inline struct ntf_payload *ntf_fence_active(struct ntf_fence *fence)
{
    struct ntf_payload *temporary = ntf_fence_payload(&fence->temporary);

    return temporary ? temporary : ntf_fence_payload(&fence->permanent);
}

/* Whether the driver cannot be asked for the handle itself. */
static inline bool ntf_fence_is_ours(struct ntf_fence *fence)
{
    return ntf_fence_active(fence) || ntf_load(&fence->clean, NTF_ACQUIRE);
}

/* The active payload of a handle, NULL if that is the driver's own. No reference is taken: the application may not
 * reset, import over or destroy a fence while a command uses it. */
static inline struct ntf_payload *ntf_fences_active(struct ntf_fences *fences, uint64_t handle)
{
    struct ntf_fence *fence = ntf_fences_find(fences, handle);

    return fence ? ntf_fence_active(fence) : NULL;
}

/* From now on the driver's own fence of this handle is in no queue, and unsignalled: whatever signals it later is given
 * a stand-in (vulkan/signal.h). Without memory nothing has changed. */
void ntf_fences_track(struct ntf_fences *fences, uint64_t handle);
static inline bool ntf_fences_clean(struct ntf_fences *fences, uint64_t handle)
{
    struct ntf_fence *fence = ntf_fences_find(fences, handle);

    return fence && ntf_load(&fence->clean, NTF_ACQUIRE);
}

/* Whether the driver can be asked for each of these handles itself: none has a payload of ours, none goes by stand-ins.
 * handles: count numbers of 64 bits one after the other, of whatever type. Without a call, since waits for plain fences
 * pass here. */
static inline bool ntf_fences_all_plain(struct ntf_fences *fences, const void *handles, uint32_t count)
{
    uint32_t plain = 0;

    if (ntf_fences_none(fences))
        return true;
    while ((plain += ntf_table_absent(&fences->table, (const uint64_t *)handles + plain, count - plain)) < count) {
        struct ntf_fence *fence;
        uint64_t handle;

        memcpy(&handle, (const uint64_t *)handles + plain++, sizeof handle);
        fence = ntf_fences_find(fences, handle);
        if (fence && ntf_fence_is_ours(fence))
            return false;
    }
    return true;
}

/* Puts payload in, taking over one reference on success. Permanent: also drops a temporary payload (Vulkan 1.3,
 * "Importing Fence Payloads"). NTF_E_NO_MEMORY: everything is as before, the reference stays the caller's. */
enum ntf_result ntf_fences_import(struct ntf_fences *fences, uint64_t handle, struct ntf_payload *payload,
                                  bool temporary);
/* The same, temporarily, for a handle that has a record: it cannot fail. */
void ntf_fences_put_temporary(struct ntf_fences *fences, uint64_t handle, struct ntf_payload *payload);

/* vkResetFences for one handle: a temporary payload is dropped, the permanent one restored, and that one reset.
 * *result and
 * *status say what became of a payload of ours. The driver's part (ntf_fences_driver_resets) has been done. */
void ntf_fences_reset(struct ntf_fences *fences, uint64_t handle, enum ntf_result *result, ntf_status *status);

/* Whether a reset has to go down to the driver as well: its own payload is the permanent one, or the temporary. */
bool ntf_fences_driver_resets(struct ntf_fences *fences, uint64_t handle);

/* Whether the permanent payload is one of ours. */
bool ntf_fences_has_permanent(struct ntf_fences *fences, uint64_t handle);

/* The handle is about to be destroyed: its record goes before the driver's destroy, since the driver may give the
 * same number out again at once. */
void ntf_fences_forget(struct ntf_fences *fences, uint64_t handle);

#endif /* NTF_FENCE_FENCES_H */
