/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"

#include "base/deadline.h"
#include "kmt/soft/soft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MS UINT64_C(1000000)
#define NEVER (UINT64_MAX - 1) /* a target that no test reaches */

struct ntf_object *peers_open(ntf_handle nt)
{
    struct ntf_object *object = NULL;
    ntf_status status;
    const char *why = "";

    if (ntf_soft_open_handle(nt, &object, &status, &why) != NTF_OK)
        fprintf(stderr, "cannot open: %s\n", why);
    return object;
}

struct ntf_object *peers_object(const struct rig_fence *fence)
{
    const ntf_handle nt = rig_share(fence->handle);
    struct ntf_object *object = peers_open(nt);

    rig_handle_close(nt);
    assert_non_null(object);
    return object;
}

void peers_close(struct ntf_object *object)
{
    object->ops->close(object);
}

struct ntf_page *peers_page(const struct ntf_object *object)
{
    return (struct ntf_page *)((uintptr_t)object->value - offsetof(struct ntf_page, current));
}

/* ---- waits ---- */

static uint64_t os_now(void)
{
    return ntf_os_now_ns();
}

static void sleep_for_good(struct ntf_parker *parker, uint64_t deadline_ns)
{
    (void)deadline_ns;
    ntf_park_os_ops.sleep(parker, NTF_FOREVER);
}

const struct ntf_park_ops peers_wake_only = {os_now, sleep_for_good, NULL};

enum ntf_result peers_wait(struct ntf_object *object, uint64_t target, uint64_t timeout_ns,
                           const struct ntf_park_ops *ops)
{
    struct ntf_parker parker;
    struct ntf_watch watch;
    enum ntf_result result;
    uint32_t index;

    ntf_parker_begin(&parker, ops);
    ntf_object_watch(object, target, &watch);
    result = ntf_watch_any(&watch, 1, ntf_deadline_after(parker.ops->now_ns(), timeout_ns), &parker,
                           &index);
    ntf_parker_end(&parker);
    return result;
}

static void run_waiter(void *context)
{
    struct peers_waiter *waiter = context;

    waiter->result = peers_wait(waiter->object, waiter->target, NTF_FOREVER, waiter->ops);
}

void peers_waiter_start(struct peers_waiter *waiter, struct ntf_object *object, uint64_t target,
                        const struct ntf_park_ops *ops)
{
    waiter->object = object;
    waiter->target = target;
    waiter->ops = ops;
    waiter->result = NTF_E_FAILED;
    assert_int_equal(ntf_thread_start(&waiter->thread, "waiter", run_waiter, waiter), NTF_OK);
}

void peers_waiter_join(struct peers_waiter *waiter)
{
    ntf_thread_join(waiter->thread);
    assert_int_equal(waiter->result, NTF_OK);
}

void peers_until_waiting(const struct ntf_object *object, uint64_t target, unsigned waiters)
{
    struct ntf_page *page = peers_page(object);
    unsigned count;

    do {
        const uint64_t armed = ntf_load(&page->armed, NTF_ACQUIRE);
        count = 0;
        for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++)
            count += (armed >> i & 1) && ntf_load(&page->slots[i].target, NTF_ACQUIRE) == target;
        rig_yield();
    } while (count < waiters);
}

/* ---- slots ---- */

void peers_crowd_in(struct peers_crowd *crowd, struct ntf_object *object)
{
    ntf_parker_begin(&crowd->parker, NULL);
    ntf_parker_round(&crowd->parker);
    crowd->slots = 0;
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++) {
        struct ntf_watch *watch = &crowd->watches[i];
        ntf_object_watch(object, NEVER, watch);
        watch->ops->arm(watch, &crowd->parker);
        crowd->slots += watch->slot != NTF_PAGE_NO_SLOT;
    }
}

void peers_crowd_out(struct peers_crowd *crowd)
{
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++)
        crowd->watches[i].ops->disarm(&crowd->watches[i], &crowd->parker);
    ntf_parker_end(&crowd->parker);
}

static void expect_empty(const struct ntf_object *object)
{
    struct ntf_page *page = peers_page(object);

    assert_in_range(ntf_load(&page->armed, NTF_ACQUIRE), 0, (1u << NTF_PAGE_STICKY) - 1);
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS; i++) {
        assert_int_equal(ntf_load(&page->slots[i].owner, NTF_ACQUIRE), 0);
        assert_true(ntf_load(&page->slots[i].target, NTF_ACQUIRE) == NTF_PAGE_NOBODY);
    }
}

void peers_go_on(struct ntf_object *object)
{
    const uint64_t value = ntf_object_value(object);
    static struct peers_crowd crowd;
    struct peers_waiter waiter;
    ntf_status status = NTF_STATUS_PENDING;

    assert_int_equal(peers_wait(object, value + 1, 2 * MS, NULL), NTF_TIMEOUT);
    peers_crowd_in(&crowd, object);
    peers_crowd_out(&crowd);
    assert_int_equal(crowd.slots, NTF_PAGE_SLOTS);
    expect_empty(object);
    peers_waiter_start(&waiter, object, value + 1, &peers_wake_only);
    peers_until_waiting(object, value + 1, 1);
    assert_int_equal(object->ops->signal(object, value + 1, &status), NTF_OK);
    assert_int_equal(status, NTF_STATUS_SUCCESS);
    peers_waiter_join(&waiter);
    expect_empty(object);
}

/* ---- chance ---- */

uint64_t peers_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15);

    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

uint64_t peers_seed(void)
{
    const char *given = getenv("NTF_TEST_SEED");
    uint64_t seed = 0;

    if (given)
        seed = strtoull(given, NULL, 0);
    else
        assert_true(ntf_os_random(&seed, sizeof seed));
    printf("seed: NTF_TEST_SEED=0x%016" PRIX64 "\n", seed);
    return seed;
}
