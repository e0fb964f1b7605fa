// SPDX-License-Identifier: Apache-2.0
// What fences hold: a permanent payload, a temporary one over it, and the operations that will signal the active one.
#include "driver.h"

#include <stdlib.h>

struct payload *payload_new(void)
{
    struct payload *payload = calloc(1, sizeof *payload);

    if (!payload)
        give_up("out of memory");
    payload->references = 1;
    payload->raise = -1;
    return payload;
}

static void raise_descriptor(struct payload *payload)
{
    if (payload->raise >= 0)
        descriptor_close(payload->raise);
    payload->raise = -1;
}

void payload_drop(struct payload *payload)
{
    if (--payload->references)
        return;
    raise_descriptor(payload);
    free(payload);
}

void payload_signal(struct payload *payload)
{
    payload->signalled = true;
    raise_descriptor(payload);
}

// What a fence has that another thread has destroyed meanwhile: never signalled.
static struct payload nothing = {.references = 1, .raise = -1};

struct payload *fence_active(const struct fence *fence)
{
    if (fence->temporary)
        return fence->temporary;
    return fence->permanent ? fence->permanent : &nothing;
}

struct fence *fence_new(struct device *device, bool signalled)
{
    struct fence *fence = object_new(KIND_FENCE, sizeof *fence, device);

    fence->permanent = payload_new();
    fence->permanent->signalled = signalled;
    device->fences++;
    return fence;
}

void fence_use_temporary(struct fence *fence, struct payload *payload)
{
    if (fence->temporary)
        payload_drop(fence->temporary);
    fence->temporary = payload;
}

void fence_check(const struct call *call, const struct fence *fence, const char *signalled, const char *pending)
{
    const unsigned long long number = NUMBER(fence);

    if (fence_active(fence)->signalled)
        violation(call, "fence-signalled", signalled, "fence 0x%llx is signalled", number);
    if (fence->pending)
        violation(call, "fence-pending", pending, "fence 0x%llx is in use by an operation that is not finished",
                  number);
}

void fence_begin(struct op *op, struct fence *fence)
{
    op->fence = fence;
    op->epoch = fence->epoch;
    op->payload = fence_active(fence);
    op->payload->references++;
    fence->pending++;
}

void fence_finish(const struct op *op, bool signal)
{
    if (signal)
        payload_signal(op->payload);
    if (op->fence->epoch == op->epoch && op->fence->pending)
        op->fence->pending--;
    payload_drop(op->payload);
}
