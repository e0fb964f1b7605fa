/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of this copy. However often an object is opened here, by local handles or for fence/, there is one
 * struct soft_object of it, hence one mapping and at most two descriptors, and a third for a global handle; the kernel
 * says what is the same.
 *
 * Two counts. Users are what the application sees: local D3DKMT handles, and objects opened for fence/. With the last
 * of them the names go that this copy gave it, and its share in a global handle, and waits that came through a handle
 * end. References are memory
 * safety: each user has one, and so has each wait that runs. With the last of them the mapping goes.
 *
 * The registry's lock protects what is said to be; under it only short system calls are made (map, close, lock),
 * never one that waits for a peer. Lock order: handles, then registry, then names or numbers
 * (os/posix).
 */
#ifndef NTF_KMT_SOFT_OBJECT_H
#define NTF_KMT_SOFT_OBJECT_H

#include "base/os/os.h"
#include "kmt/object.h"
#include "kmt/soft/os/os.h"

struct soft_alias; /* a name that this copy has given an object: share.c */
struct soft_resource; /* resource.h */

/* What an object is, as far as calls tell it. */
enum soft_what { SOFT_IS_SYNC, SOFT_IS_MUTEX, SOFT_IS_RESOURCE };

/* This copy's part in a keyed mutex: mutex.c. All protected by `lock`, which is the innermost. */
struct soft_hold {
    struct ntf_lock lock;
    const void *holder; /* who in this copy holds it; NULL: nobody here */
    uint64_t turn;      /* then: which turn */
    uint32_t seat;      /* of this copy, once it is seated */
    bool seated;
};

struct soft_object {
    struct ntf_object base;        /* first: what fence/ sees. Immutable, as is all down to `shared` */
    struct ntf_page *page;         /* NULL: a legacy object of this process only, which has no value */
    struct ntf_page_ops page_ops;
    struct ntf_page_header header; /* the copy that was checked; flags are those of the creation */
    struct soft_memory memory;     /* of a shared object */
    void *block;                   /* of a private one: what to free */
    bool shared;
    ntf_au32 users;                /* atomic; changed under the registry's lock */
    ntf_au32 releases;             /* atomic; how often all waits of this process were let go (play.h) */
    uint32_t references;           /* protected by the registry's lock */
    struct soft_alias *aliases;    /* protected by the registry's lock */
    struct soft_number *number;    /* protected by the registry's lock, once others know the object */
    struct soft_object *next;      /* in the registry; protected by its lock */
    struct soft_hold hold;         /* of a keyed mutex */
    struct soft_resource *resource; /* of a resource, else NULL; set before others know the object */
};

/* What is to be made. */
struct soft_making {
    uint32_t kind, flags; /* of the page; NTF_SYNC_* */
    uint64_t initial;     /* CurrentValue */
    /* Writes what is behind a page's header, and what belongs to the object, before anybody else can see either. */
    enum ntf_result (*fill)(struct soft_object *object, const void *context);
    const void *context;
};
enum ntf_result soft_object_make(const struct soft_making *making, struct soft_object **out);
/* Makes an object with one user. flags: NTF_SYNC_*, checked by the caller. NTF_E_NO_MEMORY, NTF_E_UNSUPPORTED. */
enum ntf_result soft_object_create(uint32_t kind, uint32_t flags, uint64_t initial, struct soft_object **out);
/* Opens what is behind the NT handle, if it is what is wanted, with one user more. On failure *status and *why (static
 * text) say what it is. */
enum ntf_result soft_object_open(ntf_handle nt, enum soft_what wanted, struct soft_object **out, ntf_status *status,
                                 const char **why);
/* The same by global handle. NTF_E_BAD_HANDLE: not of that form; NTF_E_NOT_FOUND. */
enum ntf_result soft_object_open_global(D3DKMT_HANDLE number, enum soft_what wanted, struct soft_object **out,
                                        ntf_status *status, const char **why);
/* A user more of an object that has one. */
void soft_object_join(struct soft_object *object);
/* Ends a user, and its reference. */
void soft_object_leave(struct soft_object *object);

/* object_ops.c: fills in base and page_ops, once page and header are there. */
void soft_object_complete(struct soft_object *object);
/* object_ops.c: arms a watch of the page's CurrentValue, and takes that back. */
void soft_object_arm(struct soft_object *object, struct ntf_watch *watch, struct ntf_parker *parker);
void soft_object_disarm(struct soft_object *object, struct ntf_watch *watch);

void soft_object_ref(struct soft_object *object);
void soft_object_unref(struct soft_object *object);

static inline enum soft_what soft_what_of(uint32_t kind)
{
    return kind == NTF_PAGE_KIND_MUTEX      ? SOFT_IS_MUTEX
           : kind == NTF_PAGE_KIND_RESOURCE ? SOFT_IS_RESOURCE
                                            : SOFT_IS_SYNC;
}
/* Whether it has a value to wait for. */
static inline bool soft_object_is_fence(const struct soft_object *object)
{
    return object->header.kind == D3DDDI_MONITORED_FENCE || object->header.kind == D3DDDI_NATIVE_FENCE;
}
/* The address of CurrentValue as the D3DKMT interface gives it out: NULL for an object without one. */
void *soft_object_cpu_va(const struct soft_object *object);

/* open.c: for fence/, of an object that has been opened, if it has a value; else its user ends. */
enum ntf_result soft_object_as_fence(struct soft_object *object, struct ntf_object **out, ntf_status *status,
                                     const char **why);

/* status.c: NTSTATUS for an outcome that came without one, and back. */
ntf_status soft_status_of(enum ntf_result result);
enum ntf_result soft_result_of(ntf_status status);

/* share.c: a new NT handle, and the name in attributes, if there is one. *out is written on SUCCESS only. */
ntf_status soft_object_share(struct soft_object *object, const ntf_object_attributes *attributes, uint32_t access,
                             ntf_handle *out);
/* share.c: the same of a memory that lives as long as the object: a resource in a bundle. */
ntf_status soft_object_share_as(struct soft_object *object, const struct soft_memory *memory,
                                const ntf_object_attributes *attributes, uint32_t access, ntf_handle *out);

/* The names that this copy has given it go; the object stays. */
void soft_object_unname(struct soft_object *object);
/* share.c: the names of an object. Under the registry's lock, when the last user has gone. */
void soft_aliases_withdraw_locked(struct soft_object *object);
/* Adds the name to the object, unless its last user has gone meanwhile. */
bool soft_object_add_alias(struct soft_object *object, struct soft_alias *alias);
/* Whether judge says so of one of the object's names. */
bool soft_object_has_alias(struct soft_object *object, bool (*judge)(const struct soft_alias *, const void *),
                           const void *context);

/* The list that add_alias builds. */
struct soft_alias {
    struct soft_alias *next; /* protected by the registry's lock */
    struct soft_name *name;
    uint32_t units;     /* of text; immutable, as is all below */
    const struct soft_memory *memory; /* what it leads to: the object's own, or that of its bundle */
    ntf_handle root;    /* RootDirectory as it was given */
    char16_t text[];    /* as it was given, A-Z folded */
};

#endif /* NTF_KMT_SOFT_OBJECT_H */
