/* SPDX-License-Identifier: Apache-2.0 */
/* The parker, as far as it is the same everywhere; kmt/os has the sleep. */
#include "kmt/parker.h"

#include "base/deadline.h"
#include "base/os/nearby.h"
#include "kmt/os/parker.h"

void ntf_parker_begin(struct ntf_parker *parker, const struct ntf_park_ops *ops)
{
    parker->ops = ops ? ops : &ntf_park_os_ops;
    ntf_init(&parker->wake, (uint32_t)0);
    ntf_init(&parker->bell, (uint32_t)0);
    parker->seen = 0;
    parker->owner = 0;
    parker->event = NULL;
    parker->count = 0; /* the words themselves are written when they are listened to */
    parker->many = false;
    parker->perch = 0;
    parker->perch_seen = 0;
    parker->perched = false;
    parker->patient = false;
    parker->helpers = NULL;
    parker->shared = false;
    parker->crowded = false;
}

NTF_WAY_OUT void ntf_parker_end(struct ntf_parker *parker)
{
    ntf_parker_os_end(parker);
    parker->owner = 0;
}

void ntf_parker_round(struct ntf_parker *parker)
{
    parker->seen = ntf_load(&parker->wake, NTF_ACQUIRE);
    ntf_parker_os_forget(parker);
    parker->count = 0;
    parker->perched = false;
    parker->shared = false;
    parker->crowded = false;
}

void ntf_parker_listen(struct ntf_parker *parker, ntf_au32 *word, uint32_t seen, bool shared)
{
    struct ntf_parker_word *entry;

    parker->shared = parker->shared || shared;
    if (!ntf_parker_os_listen(parker, shared))
        return;
    if (parker->count == NTF_PARKER_WORDS - (parker->perched ? 1u : 0u)) {
        if (!ntf_parker_os_listen_beyond(parker, word, seen, shared))
            parker->crowded = true;
        return;
    }
    entry = &parker->words[parker->count++];
    entry->word = word;
    entry->seen = seen;
    entry->shared = shared;
}

uint64_t ntf_parker_owner(struct ntf_parker *parker)
{
    if (parker->owner == 0)
        parker->owner = ntf_parker_os_owner(parker);
    return parker->owner;
}

ntf_handle ntf_parker_event(struct ntf_parker *parker)
{
    return ntf_parker_os_event(parker);
}

enum ntf_result ntf_parker_park(struct ntf_parker *parker, uint64_t deadline_ns)
{
    const uint64_t now_ns = parker->ops->now_ns();
    uint64_t until_ns = deadline_ns;

    if (ntf_deadline_passed(deadline_ns, now_ns))
        return NTF_TIMEOUT;
    if (ntf_load(&parker->wake, NTF_SEQ_CST) != parker->seen)
        return NTF_OK;
    if (parker->crowded)
        until_ns = ntf_deadline_min(until_ns, ntf_deadline_after(now_ns, NTF_REREAD_NS));
    else if (parker->shared)
        until_ns = ntf_deadline_min(until_ns, ntf_deadline_after(now_ns, NTF_SAFETY_NS));
    parker->ops->sleep(parker, until_ns);
    return ntf_deadline_passed(deadline_ns, parker->ops->now_ns()) ? NTF_TIMEOUT : NTF_OK;
}

void ntf_parker_wake(struct ntf_parker *parker)
{
    (void)ntf_fetch_add(&parker->wake, 1u, NTF_SEQ_CST);
    ntf_parker_os_wake(parker);
}
