/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the first of several values. */
#include "kmt/watch.h"

#include "base/deadline.h"

uint32_t ntf_watch_first(const struct ntf_watch *watches, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        if (ntf_watch_reached(&watches[i]))
            return i;
    return count;
}

/* The look behind the arming: seq_cst, since it must not be overtaken by what arming has published (kmt/watch.h). */
static uint32_t look_again(const struct ntf_watch *watches, uint32_t count)
{
    uint32_t i = 0;

    while (i < count && ntf_load((ntf_au64 *)(uintptr_t)watches[i].value, NTF_SEQ_CST) < watches[i].target)
        i++;
    return i;
}

/* Publishes all targets, re-reads all values, and sleeps if none is there. Everything is taken back afterwards: a
 * signaller may have wiped a target, so that a second sleep needs it published anew. */
static uint32_t arm_and_park(struct ntf_watch *watches, uint32_t count, uint64_t deadline_ns,
                             struct ntf_parker *parker)
{
    uint32_t first, i;

    parker->many = count > 1;
    for (i = 0; i < count; i++)
        watches[i].ops->arm(&watches[i], parker);
    first = look_again(watches, count);
    if (first == count)
        (void)ntf_parker_park(parker, deadline_ns);
    for (i = 0; i < count; i++)
        watches[i].ops->disarm(&watches[i], parker);
    return first;
}

enum ntf_result ntf_watch_any(struct ntf_watch *watches, uint32_t count, uint64_t deadline_ns,
                              struct ntf_parker *parker, uint32_t *index)
{
    for (;;) {
        uint32_t first = ntf_watch_first(watches, count);
        if (first == count) {
            /* A wake since the last round, be it before this call, is reported and not lost. */
            const uint32_t before = parker->seen;
            ntf_parker_round(parker);
            if (parker->seen != before)
                return NTF_NOT_READY;
            if (ntf_deadline_passed(deadline_ns, parker->ops->now_ns()))
                return NTF_TIMEOUT;
            first = arm_and_park(watches, count, deadline_ns, parker);
        }
        if (first < count) {
            *index = first;
            return NTF_OK;
        }
    }
}
