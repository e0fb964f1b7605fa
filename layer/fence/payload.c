/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/payload.h"

#include "base/os/nearby.h"
#include "fence/codec.h"
#include "fence/keyed.h"
#include "kmt/os/system.h"

#include <stdlib.h>

static NTF_WAY_OUT void raise_to(ntf_au64 *value, uint64_t least)
{
    uint64_t found = ntf_load(value, NTF_RELAXED);
    while (found < least && !ntf_cas(value, &found, least, NTF_ACQ_REL))
        ;
}

static void payload_init(struct ntf_payload *payload, enum ntf_payload_kind kind, struct ntf_object *object,
                         uint64_t target)
{
    ntf_init(&payload->refs, 1);
    ntf_init(&payload->pending, 0);
    payload->kind = kind;
    payload->object = object;
    payload->keyed = NULL;
    ntf_init(&payload->target, target);
    ntf_init(&payload->seen, 0);
    payload->writer = NULL;
    ntf_history_init(&payload->history);
    payload->export.access = D3DDDI_SYNC_OBJECT_ALL_ACCESS;
    payload->export.inherit = false;
    payload->export.kept = NULL;
    payload->driver.pool = NULL;
    payload->driver.pooled = NULL;
    payload->driver.fence = 0;
    payload->driver.used = false;
    ntf_init(&payload->driver.watched, 0);
}

static enum ntf_result payload_new(enum ntf_payload_kind kind, struct ntf_object *object, uint64_t target,
                                   struct ntf_payload **out)
{
    struct ntf_payload *payload = malloc(sizeof *payload);

    if (!payload) {
        object->ops->close(object);
        return NTF_E_NO_MEMORY;
    }
    payload_init(payload, kind, object, target);
    *out = payload;
    return NTF_OK;
}

void ntf_payload_init_value(struct ntf_payload *payload, struct ntf_object *object, uint64_t wait_value)
{
    payload_init(payload, NTF_PAYLOAD_VALUE, object, wait_value);
}

enum ntf_result ntf_payload_new_value(struct ntf_object *object, uint64_t wait_value, struct ntf_payload **out)
{
    return payload_new(NTF_PAYLOAD_VALUE, object, wait_value, out);
}

enum ntf_result ntf_payload_new_binary(struct ntf_object *object, struct ntf_payload **out)
{
    return payload_new(NTF_PAYLOAD_BINARY, object, 0, out);
}

enum ntf_result ntf_payload_new_mutex(struct ntf_keyed *keyed, struct ntf_payload **out)
{
    struct ntf_payload *payload = malloc(sizeof *payload);

    if (!payload) {
        ntf_keyed_free(keyed);
        return NTF_E_NO_MEMORY;
    }
    payload_init(payload, NTF_PAYLOAD_MUTEX, NULL, 0);
    payload->keyed = keyed;
    *out = payload;
    return NTF_OK;
}

enum ntf_result ntf_payload_new_loan(struct ntf_pool *pool, uint64_t fence, struct ntf_payload **out)
{
    struct ntf_payload *payload = malloc(sizeof *payload);

    if (!payload)
        return NTF_E_NO_MEMORY;
    payload_init(payload, NTF_PAYLOAD_DRIVER, NULL, 0);
    payload->driver.pool = pool;
    payload->driver.fence = fence;
    *out = payload;
    return NTF_OK;
}

enum ntf_result ntf_payload_new_stand_in(struct ntf_pool *pool, struct ntf_payload **out)
{
    struct ntf_pooled *pooled = ntf_pool_take(pool);

    if (!pooled)
        return NTF_E_NO_MEMORY;
    if (ntf_payload_new_loan(pool, pooled->fence, out) != NTF_OK) {
        ntf_pool_put_unused(pool, pooled);
        return NTF_E_NO_MEMORY;
    }
    (*out)->driver.pooled = pooled;
    return NTF_OK;
}

struct ntf_payload *ntf_payload_ref(struct ntf_payload *payload)
{
    ntf_fetch_add(&payload->refs, 1, NTF_RELAXED);
    return payload;
}

void ntf_payload_unref(struct ntf_payload *payload)
{
    /* Release what this holder did to the payload, acquire what all others did, before it goes. */
    if (!payload || ntf_fetch_sub(&payload->refs, 1, NTF_ACQ_REL) != 1)
        return;
    if (payload->export.kept) {
        ntf_system_close_handle(payload->export.kept);
        payload->object->ops->unname(payload->object);
    }
    if (payload->writer)
        payload->writer->end(payload->writer);
    if (payload->object)
        payload->object->ops->close(payload->object);
    if (payload->keyed)
        ntf_keyed_free(payload->keyed);
    if (payload->driver.pooled && payload->driver.used)
        ntf_pool_put(payload->driver.pool, payload->driver.pooled);
    else if (payload->driver.pooled)
        ntf_pool_put_unused(payload->driver.pool, payload->driver.pooled);
    free(payload);
}

enum ntf_result ntf_payload_make_exportable(struct ntf_payload *payload, const ntf_object_attributes *attributes,
                                            uint32_t access, ntf_status *status)
{
    ntf_object_attributes ours = *attributes;

    payload->export.access = access;
    payload->export.inherit = (attributes->Attributes & NTF_OBJ_INHERIT) != 0;
    if (!attributes->ObjectName && !attributes->SecurityDescriptor)
        return NTF_OK;
    /* What we keep is nobody else's: a child process that got it would keep name and payload alive. */
    ours.Attributes &= ~NTF_OBJ_INHERIT;
    return payload->object->ops->share(payload->object, &ours, access, &payload->export.kept, status);
}

enum ntf_result ntf_payload_export(struct ntf_payload *payload, ntf_handle *out, ntf_status *status)
{
    ntf_object_attributes attributes = { .Length = sizeof attributes };
    ntf_handle copy;

    *status = NTF_STATUS_SUCCESS;
    if (!payload->export.kept) {
        attributes.Attributes = payload->export.inherit ? NTF_OBJ_INHERIT : 0;
        return payload->object->ops->share(payload->object, &attributes, payload->export.access, out, status);
    }
    copy = ntf_system_duplicate_handle(payload->export.kept, payload->export.inherit);
    if (!copy) {
        *status = NTF_STATUS_NO_MEMORY;
        return NTF_E_NO_MEMORY;
    }
    *out = copy;
    return NTF_OK;
}

enum ntf_result ntf_payload_status(struct ntf_payload *payload)
{
    uint64_t value;

    if (ntf_payload_is_driver(payload))
        return payload->driver.pool->driver.status(payload->driver.pool->driver.context, payload->driver.fence);
    if (payload->keyed)
        return ntf_keyed_owned(payload->keyed) ? NTF_OK : NTF_NOT_READY;
    value = ntf_object_value(payload->object);
    if (payload->kind == NTF_PAYLOAD_BINARY)
        return ntf_code_signalled(value) ? NTF_OK : NTF_NOT_READY;
    if (value < ntf_payload_target(payload))
        return NTF_NOT_READY;
    raise_to(&payload->seen, value);
    return NTF_OK;
}

static void reset_value(struct ntf_payload *payload)
{
    uint64_t target = ntf_load(&payload->target, NTF_RELAXED);
    uint64_t seen = ntf_load(&payload->seen, NTF_RELAXED);
    uint64_t past = seen > target ? seen : target;

    /* All ones is the end of the scale: nothing lies above it, so the fence stays where it is (such a
     * value reads as signalled). */
    if (past != UINT64_MAX)
        past++;
    ntf_store(&payload->target, past, NTF_RELEASE);
}

static enum ntf_result raise_object(struct ntf_payload *payload, uint64_t found, uint64_t value, ntf_status *status)
{
    if (status)
        *status = NTF_STATUS_SUCCESS;
    if (found >= value)
        return NTF_OK;
    return payload->object->ops->signal(payload->object, value, status);
}

enum ntf_result ntf_payload_reset(struct ntf_payload *payload, ntf_status *status)
{
    uint64_t value;

    if (payload->kind == NTF_PAYLOAD_VALUE) {
        reset_value(payload);
        return NTF_OK;
    }
    value = ntf_object_value(payload->object);
    return raise_object(payload, value, ntf_code_after_reset(value), status);
}

uint64_t ntf_payload_target(const struct ntf_payload *payload)
{
    if (payload->kind == NTF_PAYLOAD_BINARY)
        return ntf_code_after_signal(ntf_object_value(payload->object));
    return ntf_load((ntf_au64 *)(uintptr_t)&payload->target, NTF_ACQUIRE);
}

NTF_WAY_OUT void ntf_payload_told(struct ntf_payload *payload)
{
    if (payload->kind == NTF_PAYLOAD_VALUE)
        raise_to(&payload->seen, ntf_object_value(payload->object));
}

enum ntf_result ntf_payload_signal(struct ntf_payload *payload, uint64_t target, ntf_status *status)
{
    uint64_t value = ntf_object_value(payload->object);

    /* A binary state is signalled from where it is now: it may have been reset through another handle since. */
    if (payload->kind == NTF_PAYLOAD_BINARY)
        target = ntf_code_after_signal(value);
    return raise_object(payload, value, target, status);
}
