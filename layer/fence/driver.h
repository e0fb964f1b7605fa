/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Vulkan driver, as much of it as fence/ needs, and a pool of its fences that are the layer's own: numbers are
 * VkFence values that no application knows.
 *
 * Wherever the layer answers for a submission itself, a pooled fence goes down in place of the application's: the
 * driver signals it, and only the layer resets or destroys it. A fence in the pool is unsignalled and in no queue.
 */
#ifndef NTF_FENCE_DRIVER_H
#define NTF_FENCE_DRIVER_H

#include "base/os/os.h"
#include "kmt/ntstatus.h"

struct ntf_driver {
    void *context;
    enum ntf_result (*make)(void *context, uint64_t *fence);
    void (*destroy)(void *context, uint64_t fence);
    /* NTF_OK, NTF_TIMEOUT, NTF_E_LOST, or another failure. */
    enum ntf_result (*wait)(void *context, uint64_t fence, uint64_t timeout_ns);
    /* NTF_OK, NTF_NOT_READY, NTF_E_LOST, or another failure. */
    enum ntf_result (*status)(void *context, uint64_t fence);
    enum ntf_result (*reset)(void *context, uint64_t fence);
    /* A payload could not be signalled. */
    void (*complain)(void *context, uint64_t value, ntf_status status);
};

struct ntf_pooled {
    struct ntf_pooled *next; /* protected by the pool's lock */
    uint64_t fence;          /* immutable */
};

struct ntf_pool {
    struct ntf_driver driver;     /* immutable */
    struct ntf_lock lock;         /* protects the rest; no call to the driver is made under it */
    struct ntf_pooled *free;      /* unsignalled, in no queue */
    struct ntf_pooled *unsettled; /* given up while the driver had not signalled them: looked at again, in turn */
    struct ntf_pooled *latest;    /* the last of them; only with unsettled */
};

void ntf_pool_init(struct ntf_pool *pool, const struct ntf_driver *driver);
/* Destroys all of its fences. None is taken any more, and the device's queues are idle or lost. */
void ntf_pool_finish(struct ntf_pool *pool);
/* An unsignalled fence; NULL without memory. */
struct ntf_pooled *ntf_pool_take(struct ntf_pool *pool);
/* Back, never having been given to the driver's queues. */
void ntf_pool_put_unused(struct ntf_pool *pool, struct ntf_pooled *pooled);
/* Back, after the driver had it: reset if it is signalled, else put aside until it is. */
void ntf_pool_put(struct ntf_pool *pool, struct ntf_pooled *pooled);

#endif /* NTF_FENCE_DRIVER_H */
