/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An opened fence object of the graphics kernel, whatever provider serves it and whichever rung opened it. This is
 * all that fence/ knows of the kernel, and what its tests replace by a fake.
 */
#ifndef NTF_KMT_OBJECT_H
#define NTF_KMT_OBJECT_H

#include "kmt/ntstatus.h"
#include "kmt/watch.h"

enum ntf_rung {
    NTF_RUNG_SOFT,      /* an object of the built-in software D3DKMT, known by its class and header */
    NTF_RUNG_NATIVE,    /* D3DKMTOpenNativeFenceFromNtHandle */
    NTF_RUNG_MONITORED, /* D3DKMTOpenSyncObjectFromNtHandle2 */
    NTF_RUNG_BUNDLE,    /* D3DKMTOpenResourceFromNtHandle: the fence or the keyed mutex that a resource was shared with */
    NTF_RUNG_MUTEX,     /* D3DKMTOpenKeyedMutexFromNtHandle, D3DKMTOpenKeyedMutex2 */
    NTF_RUNG_D3D12,     /* the Direct3D 12 runtime */
    NTF_RUNG_COUNT
};
const char *ntf_rung_name(enum ntf_rung rung);

enum ntf_object_kind { NTF_OBJECT_MONITORED, NTF_OBJECT_NATIVE };

struct ntf_object;
struct ntf_object_ops {
    struct ntf_watch_ops watch; /* watch->object is the struct ntf_object */
    /* Raises CurrentValue to value from the CPU. NTF_OK also when the value is there or above already.
     * *status gets the NTSTATUS of the refusal, if any; it may be NULL. */
    enum ntf_result (*signal)(struct ntf_object *object, uint64_t value, ntf_status *status);
    /* Makes a new NT handle of it, the caller's to close. attributes: name, security descriptor and inheritance, or
     * NULL for none of them. access: what D3DKMTShareObjects takes, not 0. On failure *out is not written.
     * NTF_E_COLLISION, NTF_E_BAD_NAME, NTF_E_ACCESS_DENIED, NTF_E_NO_MEMORY, NTF_E_INVALID: it cannot be shared. */
    enum ntf_result (*share)(struct ntf_object *object, ntf_object_attributes *attributes, uint32_t access,
                             ntf_handle *out, ntf_status *status);
    /* The names that share() has given it go, as they do when a kernel's last named handle is closed: that of the
     * caller has been. The object stays. */
    void (*unname)(struct ntf_object *object);
    /* The object must not be watched by anybody. */
    void (*close)(struct ntf_object *object);
};

struct ntf_object {
    const struct ntf_object_ops *ops; /* immutable, as is all of this */
    const ntf_au64 *value;            /* address of CurrentValue */
    enum ntf_object_kind kind;
    enum ntf_rung rung;
    D3DKMT_HANDLE global;             /* the payload's global handle; 0: it has none */
    /* For a value that has no address, and lies in a cell of ours: brings the cell up to date and returns what it then
     * holds. NULL: the value is where it is read. */
    uint64_t (*refresh)(const struct ntf_object *object);
};

static inline uint64_t ntf_object_value(const struct ntf_object *object)
{
    if (object->refresh)
        return object->refresh(object);
    return ntf_load((ntf_au64 *)(uintptr_t)object->value, NTF_ACQUIRE);
}

static inline void ntf_object_watch(struct ntf_object *object, uint64_t target, struct ntf_watch *watch)
{
    if (object->refresh)
        (void)object->refresh(object);
    watch->value = object->value;
    watch->target = target;
    watch->ops = &object->ops->watch;
    watch->object = object;
    watch->slot = 0;
}

#endif /* NTF_KMT_OBJECT_H */
