/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/waiter.h"

#include "base/os/nearby.h"

static bool is_reached(const struct ntf_payload *payload)
{
    return ntf_object_value(payload->object) >= ntf_payload_target(payload);
}

enum ntf_result ntf_wait_now(const struct ntf_poller *poller, struct ntf_payload *const *payloads, uint32_t count,
                             bool all, uint32_t *index)
{
    uint32_t i = 0;

    if (ntf_poller_is_lost(poller))
        return NTF_E_LOST;
    while (i < count && is_reached(payloads[i]) == all)
        i++;
    if ((i == count) != all)
        return NTF_NOT_READY;
    for (uint32_t k = all ? 0 : i; k < (all ? count : i + 1); k++) {
        ntf_payload_told(payloads[k]);
        ntf_history_lapse(&payloads[k]->history);
    }
    if (!all)
        *index = i;
    return NTF_OK;
}

enum ntf_result ntf_wait_begin_in(struct ntf_wait *wait, struct ntf_rooms *rooms, struct ntf_payload *const *payloads,
                                  uint32_t count)
{
    wait->payloads = payloads;
    wait->count = count;
    wait->spun = false;
    wait->watches = wait->scratch;
    wait->pairs = NULL;
    wait->rooms = rooms;
    if (count > NTF_WAIT_SCRATCH) {
        wait->pairs = (struct ntf_pair *)ntf_room_take(rooms, count, NTF_WAIT_EACH_BYTES);
        if (!wait->pairs)
            return NTF_E_NO_MEMORY;
        wait->watches = (struct ntf_watch *)(void *)(wait->pairs + count);
    }
    for (uint32_t i = 0; i < count; i++)
        ntf_object_watch(payloads[i]->object, ntf_payload_target(payloads[i]), &wait->watches[i]);
    return NTF_OK;
}

enum ntf_result ntf_wait_begin(struct ntf_wait *wait, struct ntf_payload *const *payloads, uint32_t count)
{
    return ntf_wait_begin_in(wait, NULL, payloads, count);
}

NTF_WAY_OUT void ntf_wait_end(struct ntf_wait *wait)
{
    ntf_room_give(wait->rooms, wait->pairs);
}

/* The moment at which the first of them may come, or the last of them should, as far as it is known. */
static struct ntf_moment expected(const struct ntf_wait *wait, const struct ntf_poll *poll)
{
    struct ntf_moment best = { 0, 0 };

    for (uint32_t i = 0; i < poll->left; i++) {
        const struct ntf_moment next = ntf_history_next(&wait->payloads[i]->history);

        if (next.at_ns != 0 && (best.at_ns == 0 || (poll->all ? next.at_ns > best.at_ns : next.at_ns < best.at_ns)))
            best = next;
    }
    return best;
}

/* What a payload learns from a wait that it ended. */
static NTF_WAY_OUT void learn(struct ntf_payload *payload, const struct ntf_poll *poll)
{
    if (poll->lost_cpu)
        ntf_history_forget(&payload->history);
    else if (poll->seen_ns != 0)
        ntf_history_note(&payload->history, poll->seen_ns);
    else
        ntf_history_lapse(&payload->history);
}

static NTF_WAY_OUT enum ntf_result wait_for(const struct ntf_wait *wait, struct ntf_poller *poller,
                                            struct ntf_poll *poll, uint64_t deadline_ns)
{
    const enum ntf_result result = ntf_poller_look(poller, poll);

    if (result != NTF_NOT_READY)
        return result;
    if (deadline_ns == 0)
        return NTF_TIMEOUT;
    return ntf_poller_wait(poller, poll, deadline_ns, expected(wait, poll));
}

/* One of any has come. */
static NTF_WAY_OUT void tell(const struct ntf_wait *wait, const struct ntf_poll *poll, uint32_t *index)
{
    ntf_payload_told(wait->payloads[poll->index]);
    learn(wait->payloads[poll->index], poll);
    *index = poll->index;
}

NTF_WAY_OUT enum ntf_result ntf_wait_any(struct ntf_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns,
                                         uint32_t *index)
{
    struct ntf_poll poll;
    enum ntf_result result;

    ntf_poll_begin(&poll, wait->watches, wait->count, false);
    poll.pairs = wait->pairs;
    poll.spun = wait->spun;
    poll.told = wait->count > 0 ? wait->payloads[0] : NULL;
    result = wait_for(wait, poller, &poll, deadline_ns);
    if (result == NTF_OK)
        tell(wait, &poll, index);
    return result;
}

enum ntf_result ntf_wait_spin(struct ntf_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns,
                              bool (*look)(void *context), void *context, uint32_t *index)
{
    struct ntf_poll poll;
    enum ntf_result result;

    ntf_poll_begin(&poll, wait->watches, wait->count, false);
    poll.pairs = wait->pairs;
    poll.look = look;
    poll.context = context;
    result = ntf_poller_spin(poller, &poll, deadline_ns, expected(wait, &poll));
    wait->spun = poll.spun;
    if (result == NTF_OK)
        tell(wait, &poll, index);
    return result;
}

/* When those came that were not waited for last, nobody has seen. */
static NTF_WAY_OUT void learn_all(const struct ntf_wait *wait, const struct ntf_poll *poll)
{
    for (uint32_t i = 0; i < wait->count; i++) {
        if (i == poll->index)
            learn(wait->payloads[i], poll);
        else
            ntf_history_lapse(&wait->payloads[i]->history);
    }
}

NTF_WAY_OUT enum ntf_result ntf_wait_all(struct ntf_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns)
{
    struct ntf_poll poll;
    enum ntf_result result;

    ntf_poll_begin(&poll, wait->watches, wait->count, true);
    result = wait_for(wait, poller, &poll, deadline_ns);
    if (result == NTF_OK)
        learn_all(wait, &poll);
    return result;
}

NTF_WAY_OUT void ntf_wait_told(const struct ntf_wait *wait)
{
    for (uint32_t i = 0; i < wait->count; i++)
        ntf_payload_told(wait->payloads[i]);
}
