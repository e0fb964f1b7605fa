// SPDX-License-Identifier: Apache-2.0
/*
 * A waiter registers and leaves while another thread looks at all who are registered, or signals values that nobody
 * waits for as fast as it can; the same with a list and its lock, which another thread looks through.
 */
#include <stdlib.h>

#include "core.h"
#include "kmt/soft/object.h"
#include "kmt/soft/page.h"
#include "kmt/soft/soft.h"

enum { REGISTRATIONS = 50000 };

static volatile uint64_t sum;

struct registration {
    struct ntf_object *object;
    struct ntf_page *page;
    uint64_t value; // of the other thread's signals
    struct ntf_lock lock;
    struct waiter_node {
        struct waiter_node *next, *previous;
        uint64_t target;
    } head;
    struct machine_condition *condition;
};
static struct registration registration;

static void slot_loop(void *context, uint32_t count)
{
    struct registration *r = context;
    struct ntf_parker parker;
    struct ntf_watch watch;

    ntf_parker_begin(&parker, NULL);
    ntf_object_watch(r->object, UINT64_MAX - 1, &watch);
    for (uint32_t i = 0; i < count; i++) {
        ntf_parker_round(&parker);
        watch.ops->arm(&watch, &parker);
        watch.ops->disarm(&watch, &parker);
    }
    ntf_parker_end(&parker);
}

static void list_loop(void *context, uint32_t count)
{
    struct registration *r = context;
    struct waiter_node node = {.target = UINT64_MAX - 1};

    for (uint32_t i = 0; i < count; i++) {
        machine_condition_lock(r->condition);
        node.next = &r->head;
        node.previous = r->head.previous;
        r->head.previous->next = &node;
        r->head.previous = &node;
        machine_condition_unlock(r->condition);
        machine_condition_lock(r->condition);
        node.previous->next = node.next;
        node.next->previous = node.previous;
        machine_condition_unlock(r->condition);
    }
}

static void scan_list_once(void)
{
    uint64_t least = UINT64_MAX;

    machine_condition_lock(registration.condition);
    for (struct waiter_node *at = registration.head.next; at != &registration.head; at = at->next) {
        if (at->target < least)
            least = at->target;
    }
    machine_condition_unlock(registration.condition);
    sum += least;
}

// What a poller does: looks at whoever is registered.
static void scan_page_once(void)
{
    sum += ntf_page_monitored(registration.page);
}

static void signal_once(void)
{
    (void)registration.object->ops->signal(registration.object, ++registration.value, NULL);
}

WITH_OTHER(slot_alone, NULL, slot_loop)
WITH_OTHER(slot_live, scan_page_once, slot_loop)
WITH_OTHER(slot_signalled, signal_once, slot_loop)
WITH_OTHER(list_alone, NULL, list_loop)
WITH_OTHER(list_live, scan_list_once, list_loop)

static void measure_registration(const struct bench *bench, uint32_t flags, const char *const names[5])
{
    struct loops loops;

    if (ntf_soft_create(flags, 0, &registration.object) != NTF_OK)
        die("a fence of soft could not be made");
    registration.page = ((struct soft_object *)registration.object)->page;
    registration.value = 0;
    registration.head.next = registration.head.previous = &registration.head;
    registration.condition = machine_condition_new();
    loops_begin(&loops, bench);
    loops_add(&loops, names[0], slot_alone, &registration, REGISTRATIONS);
    loops_add(&loops, names[1], slot_live, &registration, REGISTRATIONS);
    loops_add(&loops, names[2], slot_signalled, &registration, REGISTRATIONS);
    if (names[3]) {
        loops_add(&loops, names[3], list_alone, &registration, REGISTRATIONS);
        loops_add(&loops, names[4], list_live, &registration, REGISTRATIONS);
    }
    loops_run(&loops);
    other_does(NULL);
}

void core_registration(const struct bench *bench)
{
    static const char *const shared[5] = {"core.register.shared.alone", "core.register.shared.live",
                                          "core.register.shared.signalled", "core.register.list.alone",
                                          "core.register.list.live"};
    static const char *const private[5] = {"core.register.private.alone", "core.register.private.live",
                                           "core.register.private.signalled"};

    measure_registration(bench, NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING, shared);
    measure_registration(bench, 0, private);
}
