/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/payload.h"

#include <stdlib.h>

static void raise_to(ntf_au64 *value, uint64_t least)
{
    uint64_t found = ntf_load(value, NTF_RELAXED);
    while (found < least && !ntf_cas(value, &found, least, NTF_ACQ_REL))
        ;
}

enum ntf_result ntf_payload_new_value(struct ntf_object *object, uint64_t wait_value, struct ntf_payload **out)
{
    struct ntf_payload *payload = malloc(sizeof *payload);

    if (!payload) {
        object->ops->close(object);
        return NTF_E_NO_MEMORY;
    }
    ntf_init(&payload->refs, 1);
    ntf_init(&payload->pending, 0);
    payload->object = object;
    ntf_init(&payload->target, wait_value);
    ntf_init(&payload->seen, 0);
    *out = payload;
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
    payload->object->ops->close(payload->object);
    free(payload);
}

enum ntf_result ntf_payload_status(struct ntf_payload *payload)
{
    uint64_t value = ntf_object_value(payload->object);

    if (value < ntf_payload_target(payload))
        return NTF_NOT_READY;
    raise_to(&payload->seen, value);
    return NTF_OK;
}

void ntf_payload_reset(struct ntf_payload *payload)
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

uint64_t ntf_payload_target(const struct ntf_payload *payload)
{
    return ntf_load((ntf_au64 *)(uintptr_t)&payload->target, NTF_ACQUIRE);
}

void ntf_payload_told(struct ntf_payload *payload)
{
    raise_to(&payload->seen, ntf_object_value(payload->object));
}

enum ntf_result ntf_payload_signal(struct ntf_payload *payload, uint64_t value, ntf_status *status)
{
    return payload->object->ops->signal(payload->object, value, status);
}
