/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fences of one device that are more than the driver's own: from the handle's number to a record with a
 * permanent payload and at most one temporary one. The active payload is the temporary if there is one; NULL means
 * the driver's. A VkFence handle is never wrapped, so a plain fence has no record at all.
 *
 * Records come from pools that are never unmapped while the device lives, so a reader needs no lock, no reference
 * and no grace period. Import, reset and destroy of one fence are serialised by the application; the table takes
 * care of different fences at once.
 */
#ifndef NTF_FENCE_FENCES_H
#define NTF_FENCE_FENCES_H

#include "base/table.h"
#include "fence/payload.h"

struct ntf_fence {
    ntf_aptr permanent; /* struct ntf_payload *, one reference; NULL: the driver's */
    ntf_aptr temporary; /* struct ntf_payload *, one reference; NULL: none */
    uint64_t handle;    /* immutable while in the table */
    ntf_au32 generation; /* counts reuses: even free, odd in use */
    struct ntf_fence *next_free; /* protected by the pool's lock */
};

struct ntf_fence_chunk;
struct ntf_fences {
    struct ntf_table table; /* handle -> struct ntf_fence * */
    struct ntf_lock lock;   /* protects the two below */
    struct ntf_fence_chunk *chunks;
    struct ntf_fence *free;
};

enum ntf_result ntf_fences_init(struct ntf_fences *fences);
/* Drops every payload that is left. */
void ntf_fences_finish(struct ntf_fences *fences);

/* True when no fence of the device has a record: one relaxed load, the gate of every hooked command. */
static inline bool ntf_fences_none(struct ntf_fences *fences)
{
    return ntf_load(&fences->table.live, NTF_RELAXED) == 0;
}

/* The active payload of a handle, NULL if that is the driver's own. No reference is taken: the application may not
 * reset, import over or destroy a fence while a command uses it. */
struct ntf_payload *ntf_fences_active(struct ntf_fences *fences, uint64_t handle);

/* Puts payload in, taking over one reference on success. Permanent: also drops a temporary payload (Vulkan 1.3,
 * "Importing Fence Payloads"). NTF_E_NO_MEMORY: everything is as before, the reference stays the caller's. */
enum ntf_result ntf_fences_import(struct ntf_fences *fences, uint64_t handle, struct ntf_payload *payload,
                                  bool temporary);

/* vkResetFences for one handle: a temporary payload is dropped, the permanent one restored, and that one reset.
 * Returns true when the permanent payload is the driver's: then the driver has to reset the handle. *result and
 * *status say what became of a payload of ours. */
bool ntf_fences_reset(struct ntf_fences *fences, uint64_t handle, enum ntf_result *result, ntf_status *status);

/* What ntf_fences_reset will return, without doing anything. */
bool ntf_fences_driver_resets(struct ntf_fences *fences, uint64_t handle);

/* The handle is about to be destroyed: its record goes before the driver's destroy, since the driver may give the
 * same number out again at once. */
void ntf_fences_forget(struct ntf_fences *fences, uint64_t handle);

#endif /* NTF_FENCE_FENCES_H */
