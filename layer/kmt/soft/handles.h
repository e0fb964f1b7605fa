/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local D3DKMT handles of this copy: numbers for adapters, devices, synchronization objects, keyed mutexes,
 * resources and allocations. Some bit of
 * 0xC0000000 is set, the low six are clear, each is 0x40 above the one before; the first is random, so that a handle
 * of another copy, which is a stranger's, is not taken for one of ours.
 *
 * Thread rules: any thread. The table's lock is held for a change, never for a call to anybody. A look takes no lock:
 * it is a visit (visits.h), and who ends a handle waits for the visits that were under way.
 */
#ifndef NTF_KMT_SOFT_HANDLES_H
#define NTF_KMT_SOFT_HANDLES_H

#include "kmt/soft/object.h"

enum soft_class { SOFT_ADAPTER, SOFT_DEVICE, SOFT_SYNC, SOFT_MUTEX, SOFT_RESOURCE, SOFT_ALLOCATION };

/* What a handle of an object (a synchronization object, a keyed mutex, a resource) stands for.
 * Waits hold it beyond the handle's end. */
struct soft_sync {
    struct soft_object *object; /* immutable, as are the flags */
    uint32_t flags;             /* NTF_SYNC_* of this very handle: NO_SIGNAL, NO_WAIT, UNWAIT_ON_DESTROY */
    ntf_au32 ended;             /* atomic; 1 once the handle is gone */
    ntf_au32 references;        /* atomic; the handle has one, and so has each wait */
};

/* A fence, as a signal needs it: immutable, and there as long as the handle's visit lasts. */
struct soft_fence {
    struct ntf_page *page; /* NULL: no fence */
    const struct ntf_page_ops *ops;
    uint32_t flags; /* as of soft_sync */
};

/* A new handle of an adapter or device; 0: no memory. */
D3DKMT_HANDLE soft_handle_new(enum soft_class class);
/* A new handle of the object with the flags; it takes over the caller's user of the object, on success only.
 * device: the one it belongs to and dies with, 0 for none. INVALID_PARAMETER: no such device; NO_MEMORY. */
ntf_status soft_handle_new_sync(struct soft_object *object, uint32_t flags, D3DKMT_HANDLE device, D3DKMT_HANDLE *out);
/* The same for any class of object. */
ntf_status soft_handle_new_object(enum soft_class class, struct soft_object *object, uint32_t flags,
                                  D3DKMT_HANDLE device, D3DKMT_HANDLE *out);
/* A new handle of an allocation, which stands for nothing: it dies with its device, and with its resource, if it has
 * one. INVALID_PARAMETER: one of them is gone; NO_MEMORY. */
ntf_status soft_handle_new_allocation(D3DKMT_HANDLE device, D3DKMT_HANDLE resource, D3DKMT_HANDLE *out);
bool soft_handle_is(D3DKMT_HANDLE handle, enum soft_class class);
/* Whether it is such a handle, of this device. */
bool soft_handle_is_of(D3DKMT_HANDLE handle, enum soft_class class, D3DKMT_HANDLE device);
/* Ends a handle; those that belong to a device or a resource end with it. False: not such a handle. */
bool soft_handle_end(D3DKMT_HANDLE handle, enum soft_class class);

/* A visit that will look for the handle is about to begin: its place in the table is fetched meanwhile. Any number. */
void soft_handles_expect(D3DKMT_HANDLE handle);
/* A visit: until it is left, what is found in it stays there, whoever ends the handle meanwhile. Short, and never
 * around a call of this header that is not of the visit. */
uint32_t soft_handles_visit(void);
void soft_handles_leave(uint32_t place);
bool soft_visited_is(D3DKMT_HANDLE handle, enum soft_class class);
/* NULL: not a handle of a fence. */
const struct soft_fence *soft_visited_fence(D3DKMT_HANDLE handle);

/* What the handle stands for, with a reference more; NULL: not a handle of a synchronization object. */
struct soft_sync *soft_sync_get(D3DKMT_HANDLE handle);
/* The same for any class of object. */
struct soft_sync *soft_handle_get(D3DKMT_HANDLE handle, enum soft_class class);
void soft_sync_put(struct soft_sync *sync);
/* Whether waits that came through this handle end, reached or not (flag bit 10): it is gone and was not told
 * to leave them, or the object has no user left here at all. */
bool soft_sync_released(const struct soft_sync *sync);

#endif /* NTF_KMT_SOFT_HANDLES_H */
