/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A payload: the state behind a fence. It is reference-counted and outlives the VkFence handle that it was imported
 * into, since a submission or a waiter may still hold it. Its kind is decided when it is made or imported, never from
 * a later value.
 *
 *   binary   made by ntfence, or the import of such: a fence as Vulkan knows it, shared by reference. The state is the
 *            object's value alone (fence/codec.h): a signal or a reset through any handle is seen through all.
 *   value    behind it stands somebody else's D3DKMT native or monitored fence. Signalled when CurrentValue >= target.
 *            A reset moves the target to max(target, seen) + 1, where seen is the largest value that a wait or a
 *            status of this import read when it returned success: a signal that nobody was told of is never
 *            swallowed. Target and seen are local to this import; resetting touches neither the object nor another
 *            import. A queue signal raises CurrentValue to the target of the moment of submission; at or above it
 *            already: nothing.
 *
 *   driver   temporary only: a fence of the driver's that stands in for the application's. Either one of the layer's
 *            pool (fence/driver.h), which an acquire, a present or a submission was given in place of the
 *            application's, or the application's own handle, into which the driver has imported a descriptor
 *            temporarily. The driver alone signals it; a reset drops it.
 *   mutex    temporary only: a keyed mutex, which stands in for one wait (fence/keyed.h). Signalled while the fence
 *            owns it. Nothing but a wait changes that, and no queue signals it; a reset drops it, which releases it.
 *
 * (A plain fence has no such record: a fence whose active payload is NULL is the driver's, under its own handle.)
 *
 * Thread rules: status, target, signal and the wait bookkeeping from any thread at any time. Reset of a value payload
 * is serialised with them by the application (Vulkan: host access to a fence that is reset is externally
 * synchronised); that of a binary one need not be, since other handles may share it.
 */
#ifndef NTF_FENCE_PAYLOAD_H
#define NTF_FENCE_PAYLOAD_H

#include "fence/driver.h"
#include "fence/history.h"
#include "kmt/object.h"

enum ntf_payload_kind { NTF_PAYLOAD_BINARY, NTF_PAYLOAD_VALUE, NTF_PAYLOAD_DRIVER, NTF_PAYLOAD_MUTEX };

struct ntf_keyed;

/* Who raises the object of a value payload without the CPU (vulkan/timeline.h). */
struct ntf_writer {
    void (*end)(struct ntf_writer *writer); /* the payload ends; its object is still open */
};

struct ntf_payload {
    ntf_au32 refs;
    ntf_au32 pending;           /* submissions of this process that have not been delivered yet (fence/bridge.h) */
    enum ntf_payload_kind kind; /* immutable */
    struct ntf_object *object;  /* owned; immutable; NULL: the driver's, or a mutex */
    struct ntf_keyed *keyed;    /* owned; immutable; NULL: no mutex */
    ntf_au64 target;            /* of a value payload; written by reset */
    ntf_au64 seen;              /* of a value payload; only ever raised */
    struct ntf_writer *writer;  /* of a value payload; immutable once a fence has it; NULL: nobody */
    struct ntf_history history; /* when waits have seen it signalled */
    struct {                    /* of a binary payload; immutable once a fence has it */
        uint32_t access;        /* that handles are given out with */
        bool inherit;           /* handles are passed on to child processes */
        ntf_handle kept;        /* a handle of ours, which carries name and descriptor and is copied; NULL: none */
    } export;
    struct {                       /* of the driver's; immutable but for watched, once a fence has it */
        struct ntf_pool *pool;
        struct ntf_pooled *pooled; /* NULL: the fence is the application's own handle */
        uint64_t fence;            /* what the driver is asked about */
        bool used;                 /* a command of the driver's has taken it */
        ntf_au32 watched;          /* a thread of the layer waits for it (fence/bridge.h) */
    } driver;
};

/* Take the object over, also on failure (then it is closed). wait_value: the first target. One reference.
 * NTF_E_NO_MEMORY. */
enum ntf_result ntf_payload_new_value(struct ntf_object *object, uint64_t wait_value, struct ntf_payload **out);
enum ntf_result ntf_payload_new_binary(struct ntf_object *object, struct ntf_payload **out);
/* A pooled fence that goes down in place of the application's. When a command of the driver's has taken it, the caller
 * sets driver.used. NTF_E_NO_MEMORY. */
enum ntf_result ntf_payload_new_stand_in(struct ntf_pool *pool, struct ntf_payload **out);
/* The application's own handle, whose payload the driver has replaced temporarily. NTF_E_NO_MEMORY. */
enum ntf_result ntf_payload_new_loan(struct ntf_pool *pool, uint64_t fence, struct ntf_payload **out);
/* A mutex. Takes it over, also on failure. One reference. NTF_E_NO_MEMORY. */
enum ntf_result ntf_payload_new_mutex(struct ntf_keyed *keyed, struct ntf_payload **out);
/* A value payload in the caller's memory, over an object that stays the caller's; nobody else may take a reference. */
void ntf_payload_init_value(struct ntf_payload *payload, struct ntf_object *object, uint64_t wait_value);
struct ntf_payload *ntf_payload_ref(struct ntf_payload *payload);
void ntf_payload_unref(struct ntf_payload *payload); /* NULL is allowed */

/* How handles of a binary payload are given out. A name or a security descriptor in attributes takes hold now, and
 * stays for the life of the payload. Before the payload is shared with other threads.
 * NTF_E_COLLISION, NTF_E_BAD_NAME, NTF_E_ACCESS_DENIED, NTF_E_NO_MEMORY. */
enum ntf_result ntf_payload_make_exportable(struct ntf_payload *payload, const ntf_object_attributes *attributes,
                                            uint32_t access, ntf_status *status);
/* A new NT handle of the object, the caller's to close. *out is written on NTF_OK only. */
enum ntf_result ntf_payload_export(struct ntf_payload *payload, ntf_handle *out, ntf_status *status);

static inline bool ntf_payload_is_driver(const struct ntf_payload *payload)
{
    return payload->kind == NTF_PAYLOAD_DRIVER;
}

/* NTF_OK signalled (and counted as told), NTF_NOT_READY; a driver's answers with what the driver says. Never blocks,
 * and takes no mutex.
 * All of the following but this one are for payloads with an object. */
enum ntf_result ntf_payload_status(struct ntf_payload *payload);
/* The commonest answer to the same question, without a call: a value payload that is below its target. */
static inline bool ntf_payload_is_short(const struct ntf_payload *payload)
{
    return payload->kind == NTF_PAYLOAD_VALUE && !payload->keyed &&
           ntf_object_value(payload->object) < ntf_load((ntf_au64 *)(uintptr_t)&payload->target, NTF_ACQUIRE);
}
/* What vkResetFences does to it. A binary object may refuse: too few rights. */
enum ntf_result ntf_payload_reset(struct ntf_payload *payload, ntf_status *status);
/* The value that a wait beginning now waits for. */
uint64_t ntf_payload_target(const struct ntf_payload *payload);
/* A wait returns success to the application: remembers what was told. */
void ntf_payload_told(struct ntf_payload *payload);
/* The end of a submission that began when the target was this. NTF_OK also when there is nothing to do. */
enum ntf_result ntf_payload_signal(struct ntf_payload *payload, uint64_t target, ntf_status *status);

#endif /* NTF_FENCE_PAYLOAD_H */
