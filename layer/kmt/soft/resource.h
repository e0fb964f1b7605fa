/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources: what a keyed mutex and a synchronization object are shared in. soft gives them no memory of their own:
 * a resource is the private data that a runtime and a driver have left with it and its allocations.
 *
 * All of it lies in one page, written by the maker before anybody else can see it. A page that comes from elsewhere is
 * copied once, then judged, then never read again, but for the names of a bundle (os/os.h).
 */
#ifndef NTF_KMT_SOFT_RESOURCE_H
#define NTF_KMT_SOFT_RESOURCE_H

#include "kmt/soft/handles.h"

#define SOFT_RESOURCE_ROOM 3712u

/* An ABI between processes, like struct ntf_page. */
struct soft_resource_page {
    struct ntf_page_header header;
    uint32_t allocations;   /* at 64; at least 1 */
    uint32_t runtime_bytes; /* the runtime's data */
    uint32_t driver_bytes;  /* the driver's of the resource */
    uint32_t total_bytes;   /* the driver's of all allocations */
    uint8_t reserved[48];
    ntf_au32 bundle; /* at 128; of the system (os/os.h), as is what follows */
    uint8_t reserved_b[4];
    uint16_t names[2][48]; /* at 136 */
    uint8_t reserved_c[56];
    uint8_t data[SOFT_RESOURCE_ROOM]; /* at 384; the runtime's, the driver's, a uint32_t for each allocation:
                                       * how much of the rest is its own; the rest */
};
_Static_assert(sizeof(struct soft_resource_page) == NTF_PAGE_BYTES, "a page");
_Static_assert(offsetof(struct soft_resource_page, bundle) == 128 && offsetof(struct soft_resource_page, data) == 384,
               "the same in every build");

/* A resource as this copy has checked it. Immutable but for what `lock` protects. */
struct soft_resource {
    uint32_t allocations, runtime_bytes, driver_bytes, total_bytes; /* as they lie in the page */
    uint8_t data[SOFT_RESOURCE_ROOM];
    struct ntf_lock lock;
    bool bundled; /* protected by lock, as is all below: shared here with these two */
    uint8_t mutex_id[16], sync_id[16];
    struct soft_memory bundle; /* what NT handles of the bundle are made of */
};

/* One allocation's data, and what an opening needs of all of them. */
struct soft_part {
    const uint8_t *data;
    uint32_t bytes;
};
struct soft_part soft_resource_runtime(const struct soft_resource *resource);
struct soft_part soft_resource_driver(const struct soft_resource *resource);
/* The data of all allocations, one behind the other. */
struct soft_part soft_resource_total(const struct soft_resource *resource);
uint32_t soft_resource_part_bytes(const struct soft_resource *resource, uint32_t allocation);

/* What is to be made of. */
struct soft_resource_making {
    uint32_t flags; /* NTF_SYNC_*, as far as they say how it is shared */
    struct soft_part runtime, driver;
    uint32_t allocations;
    const struct soft_part *parts; /* one for each */
};
/* NTF_E_NO_MEMORY: also when it has more data than a page holds. */
enum ntf_result soft_resource_create(const struct soft_resource_making *making, struct soft_object **out);
/* Copies and judges the page of an object that is being opened; false: *status and *why say why. */
bool soft_resource_read(struct soft_object *object, ntf_status *status, const char **why);
void soft_resource_free(struct soft_resource *resource);

/* bundle.c: the three as one NT handle. */
ntf_status soft_bundle_share(struct soft_object *resource, struct soft_object *mutex, struct soft_object *sync,
                             const ntf_object_attributes *attributes, uint32_t access, ntf_handle *out);
/* What is behind an NT handle of a resource, each with one user more; mutex and sync NULL: it was shared alone. */
struct soft_bundle {
    struct soft_object *resource, *mutex, *sync;
};
enum ntf_result soft_bundle_open(ntf_handle nt, struct soft_bundle *out, ntf_status *status, const char **why);
/* Ends the users of what is not NULL. */
void soft_bundle_leave(struct soft_bundle *bundle);
/* What kind of object of soft's is behind the NT handle; false: none. Nothing is opened for longer than a look. */
bool soft_bundle_what(ntf_handle nt, enum soft_what *what);

#endif /* NTF_KMT_SOFT_RESOURCE_H */
