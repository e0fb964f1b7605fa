/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed mutexes, resources and bundles, as tests make them through `kmt`. What has to succeed asserts it. */
#ifndef NTF_TEST_SOFT_RIG_BUNDLE_H
#define NTF_TEST_SOFT_RIG_BUNDLE_H

#include "rig.h"

#define NT_MUTEX NTF_KEYED_MUTEX_NT_SECURITY_SHARING
#define RESOURCE NTF_ALLOCATION_CREATE_RESOURCE
#define SHARED_RESOURCE (RESOURCE | NTF_ALLOCATION_CREATE_SHARED)
#define NT_RESOURCE (SHARED_RESOURCE | NTF_ALLOCATION_NT_SECURITY_SHARING)
#define MS INT64_C(-10000) /* a relative timeout's unit */

/* ---- keyed mutexes ---- */

/* flags: of CreateKeyedMutex2. global: NULL if it is not wanted. */
D3DKMT_HANDLE rig_mutex(uint32_t flags, uint64_t key, D3DKMT_HANDLE *global);
/* *fence_value is POISON where the call has not written it. */
ntf_status rig_acquire(D3DKMT_HANDLE mutex, uint64_t key, const int64_t *timeout, uint64_t *fence_value);
/* Does not wait. */
ntf_status rig_try(D3DKMT_HANDLE mutex, uint64_t key);
ntf_status rig_release(D3DKMT_HANDLE mutex, uint64_t key, uint64_t fence_value);
ntf_status rig_open_mutex(D3DKMT_HANDLE global, D3DKMT_HANDLE *out);
ntf_status rig_destroy_mutex(D3DKMT_HANDLE mutex);

/* A thread in an acquire without an end, which asserts nothing. */
struct rig_taker {
    struct ntf_thread *thread;
    D3DKMT_HANDLE mutex;
    uint64_t key;
    const int64_t *timeout;
    ntf_au32 done;
    ntf_status status;
    uint64_t fence_value;
};
void rig_taker_start(struct rig_taker *taker, D3DKMT_HANDLE mutex, uint64_t key);
ntf_status rig_taker_join(struct rig_taker *taker);

/* ---- resources ---- */

enum { RIG_RUNTIME = 20, RIG_DRIVER = 33, RIG_PART = 47 }; /* bytes of data in the resources of the rig */

/* A resource of `parts` allocations, each with RIG_PART bytes of data and one more than the one before. */
ntf_status rig_make_resource(uint32_t flags, uint32_t parts, D3DKMT_HANDLE *resource, D3DKMT_HANDLE *allocations,
                             D3DKMT_HANDLE *global);
D3DKMT_HANDLE rig_resource(uint32_t flags);
ntf_status rig_destroy_resource(D3DKMT_HANDLE resource);
ntf_status rig_destroy_allocation(D3DKMT_HANDLE allocation);

/* Room for what is opened, and the structure with all that it takes. */
struct rig_opening {
    D3DKMT_OPENRESOURCEFROMNTHANDLE open;
    D3DDDI_OPENALLOCATIONINFO2 infos[4];
    uint8_t runtime[64], driver[64], total[512], keyed[1024];
};
/* For `parts` allocations; out-fields are POISON. */
void rig_opening(struct rig_opening *opening, ntf_handle nt, uint32_t parts);
/* Opens; on a refusal nothing may have been written. */
ntf_status rig_open_resource(struct rig_opening *opening);
/* Destroys all that was opened. */
void rig_opening_close(struct rig_opening *opening);

/* ---- bundles ---- */

struct rig_bundle {
    D3DKMT_HANDLE resource, mutex, sync;
    const ntf_au64 *value; /* of sync */
};
void rig_bundle_make(struct rig_bundle *bundle, uint64_t key);
ntf_status rig_bundle_share_as(const struct rig_bundle *bundle, const char *name, ntf_handle *out);
ntf_handle rig_bundle_share(const struct rig_bundle *bundle);
/* value of the opened sync is NULL: the call has no field for it. */
ntf_status rig_bundle_open(ntf_handle nt, struct rig_bundle *out);
void rig_bundle_destroy(struct rig_bundle *bundle);
ntf_status rig_lookup_resource(const char *name, uint32_t access, ntf_handle *out);

#endif /* NTF_TEST_SOFT_RIG_BUNDLE_H */
