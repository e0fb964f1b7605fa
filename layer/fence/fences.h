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
    ntf_au32 clean;     /* what the driver would signal it for goes by stand-ins (ntf_fences_track) */
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

/* From now on the driver's own fence of this handle is in no queue, and unsignalled: whatever signals it later is given
 * a stand-in (vulkan/stand_in.h). Without memory nothing has changed. */
void ntf_fences_track(struct ntf_fences *fences, uint64_t handle);
bool ntf_fences_clean(struct ntf_fences *fences, uint64_t handle);

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
