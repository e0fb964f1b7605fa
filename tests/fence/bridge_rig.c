/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge_rig.h"

struct played_driver driver;

static void look_again(void);

static enum ntf_result make_fence(void *context, uint64_t *fence)
{
    struct played_driver *d = context;

    if (d->no_memory || ntf_load(&d->made, NTF_RELAXED) + 1 >= FENCES)
        return NTF_E_NO_MEMORY;
    *fence = ntf_fetch_add(&d->made, 1, NTF_RELAXED) + 1;
    return NTF_OK;
}

static void destroy_fence(void *context, uint64_t fence)
{
    (void)fence;
    ntf_fetch_add(&((struct played_driver *)context)->destroyed, 1, NTF_RELAXED);
}

static enum ntf_result status_fence(void *context, uint64_t fence)
{
    static const enum ntf_result results[] = { NTF_NOT_READY, NTF_OK, NTF_E_LOST, NTF_E_NO_MEMORY };

    return results[ntf_load(&((struct played_driver *)context)->state[fence], NTF_ACQUIRE)];
}

static enum ntf_result wait_fence(void *context, uint64_t fence, uint64_t timeout_ns)
{
    struct played_driver *d = context;
    uint64_t deadline_ns = ntf_os_now_ns() + timeout_ns;

    ntf_fetch_add(&d->in_wait, 1, NTF_SEQ_CST);
    ntf_os_unpark_all(&d->in_wait);
    while (status_fence(context, fence) == NTF_NOT_READY)
        if (ntf_os_park(&d->state[fence], 0, deadline_ns) == NTF_TIMEOUT)
            return NTF_TIMEOUT;
    while (ntf_load(&d->late, NTF_ACQUIRE))
        ntf_os_park(&d->late, 1, UINT64_MAX);
    return status_fence(context, fence);
}

static enum ntf_result reset_fence(void *context, uint64_t fence)
{
    struct played_driver *d = context;

    look_again(); /* a layer below may tell the application, which asks for states */
    ntf_fetch_add(&d->resets, 1, NTF_RELAXED);
    ntf_store(&d->state[fence], 0, NTF_RELEASE);
    return NTF_OK;
}

/* What an application does that hears of it: it asks for states. No lock of the bridge may be held here. */
static void complain(void *context, uint64_t value, ntf_status status)
{
    (void)value;
    (void)status;
    look_again();
    ntf_fetch_add(&((struct played_driver *)context)->complaints, 1, NTF_RELEASE);
}

struct ntf_bridge *bridge;
struct ntf_pool pool;
struct ntf_doorbells bells;
struct fake_object object;
struct ntf_payload *payload;
ntf_au32 ending;

static void look_again(void)
{
    if (!ntf_load(&ending, NTF_ACQUIRE))
        ntf_bridge_pull_queue(bridge, 0);
}

int up(void **state)
{
    const struct ntf_driver ops = { &driver, make_fence, destroy_fence, wait_fence, status_fence, reset_fence,
                                    complain };

    (void)state;
    for (uint32_t i = 0; i < FENCES; i++)
        ntf_init(&driver.state[i], 0);
    ntf_init(&driver.made, 0);
    ntf_init(&driver.destroyed, 0);
    ntf_init(&driver.resets, 0);
    ntf_init(&driver.complaints, 0);
    ntf_init(&driver.in_wait, 0);
    ntf_init(&driver.late, 0);
    driver.no_memory = false;
    ntf_init(&ending, 0);
    fake_object_init(&object, 0);
    if (ntf_payload_new_value(&object.object, 1, &payload) != NTF_OK)
        return -1;
    ntf_pool_init(&pool, &ops);
    ntf_doorbells_init(&bells);
    return ntf_bridge_new(&pool, &bells, &bridge) == NTF_OK ? 0 : -1;
}

void finish(uint64_t fence, uint32_t how)
{
    ntf_store(&driver.state[fence], how, NTF_RELEASE);
    ntf_os_unpark_all(&driver.state[fence]);
}

uint64_t value(void)
{
    return ntf_load(&object.value, NTF_ACQUIRE);
}

/* Until the object is raised to at least this; the watchdog ends it otherwise. */
void await_value(uint64_t least)
{
    while (value() < least)
        ntf_os_park(&driver.in_wait, UINT32_MAX, ntf_os_now_ns() + 1000000); /* yields */
}

void await_idle(void)
{
    while (ntf_load(&payload->pending, NTF_ACQUIRE) != 0)
        ;
}

struct ntf_bridge_record *submit(uint64_t queue)
{
    struct ntf_bridge_record *record = NULL;

    assert_int_equal(ntf_bridge_prepare(bridge, queue, payload, &record), NTF_OK);
    ntf_bridge_commit(record);
    return record;
}

int down(void **state)
{
    (void)state;
    ntf_store(&ending, 1, NTF_RELEASE);
    ntf_bridge_destroy(bridge);
    bridge = NULL;
    ntf_payload_unref(payload);
    ntf_pool_finish(&pool);
    /* Nothing is left open, whatever the test did. */
    return ntf_load(&driver.made, NTF_RELAXED) == ntf_load(&driver.destroyed, NTF_RELAXED) &&
                   ntf_load(&object.closed, NTF_RELAXED) == 1
               ? 0
               : -1;
}
