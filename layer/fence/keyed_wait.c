/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/keyed_wait.h"

#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/os/nearby.h"

void ntf_keyed_wait_begin(struct ntf_keyed_wait *wait, struct ntf_keyed_house *house, bool all)
{
    wait->entries = wait->scratch;
    wait->count = 0;
    wait->room = NTF_KEYED_SCRATCH;
    wait->all = all;
    wait->sorted = wait->hollow = false;
    wait->obstacle = 0;
    wait->house = house;
    wait->culprit = NULL;
    wait->status = NTF_STATUS_SUCCESS;
}

static bool grow(struct ntf_keyed_wait *wait)
{
    const uint32_t room = 2 * wait->room;
    struct ntf_keyed_entry *larger = malloc(room * sizeof *larger);

    if (!larger)
        return false;
    memcpy(larger, wait->entries, wait->count * sizeof *larger);
    if (wait->entries != wait->scratch)
        free(wait->entries);
    wait->entries = larger;
    wait->room = room;
    return true;
}

enum ntf_result ntf_keyed_wait_add(struct ntf_keyed_wait *wait, struct ntf_payload *payload)
{
    for (uint32_t i = 0; i < wait->count; i++)
        if (wait->entries[i].payload == payload)
            return NTF_OK;
    if (wait->count == wait->room && !grow(wait))
        return NTF_E_NO_MEMORY;
    wait->entries[wait->count++] = (struct ntf_keyed_entry){ .payload = payload };
    return NTF_OK;
}

/* ---- taking ---- */

static struct ntf_mutex *mutex_of(const struct ntf_keyed_entry *entry)
{
    return entry->payload->keyed->mutex;
}

/* What we give back is a turn of the mutex, for whatever waits for one of it. */
static void give_back(struct ntf_keyed_wait *wait, struct ntf_keyed_entry *entry, uint64_t value)
{
    const ntf_au64 *turns = mutex_of(entry)->turns;

    entry->taken = false;
    ntf_keyed_give_back(entry->payload->keyed, value);
    for (uint32_t i = 0; turns && i < wait->count; i++)
        if (wait->entries[i].lack == NTF_LACK_TURN && mutex_of(&wait->entries[i])->turns == turns)
            wait->entries[i].target++;
}

/* From a thread that has waited for it, or by an attempt of our own. */
static enum ntf_result take(struct ntf_keyed_wait *wait, struct ntf_keyed_entry *entry, uint64_t *value)
{
    const struct ntf_keyed *keyed = entry->payload->keyed;
    struct ntf_mutex *mutex = keyed->mutex;
    enum ntf_result result = NTF_NOT_READY;

    entry->lack = mutex->turns ? NTF_LACK_TURN : NTF_LACK_SEAT;
    entry->target = mutex->turns ? ntf_load((ntf_au64 *)(uintptr_t)mutex->turns, NTF_ACQUIRE) + 1 : 0;
    if (entry->wants_seat)
        result = ntf_seat_collect(entry->payload, value, &wait->status);
    if (result == NTF_OK)
        wait->hollow = wait->all;
    if (result == NTF_NOT_READY)
        result = mutex->ops->take(mutex, keyed->acquire_key, value, &wait->status);
    return result;
}

static enum ntf_result try_one(struct ntf_keyed_wait *wait, struct ntf_keyed_entry *entry)
{
    struct ntf_object *companion = mutex_of(entry)->companion;
    enum ntf_result result;
    uint64_t value;

    if (ntf_keyed_owned(entry->payload->keyed))
        return NTF_OK;
    result = take(wait, entry, &value);
    if (result != NTF_OK) {
        wait->culprit = entry->payload;
        return result;
    }
    if (companion && ntf_object_value(companion) < value) {
        give_back(wait, entry, value);
        entry->lack = NTF_LACK_VALUE;
        entry->target = value;
        return NTF_NOT_READY;
    }
    entry->taken = true;
    entry->value = value;
    return NTF_OK;
}

static enum ntf_result try_any(struct ntf_keyed_wait *wait)
{
    /* One that the fence has already comes before one that would have to be taken. */
    for (uint32_t i = 0; i < wait->count; i++)
        if (ntf_keyed_owned(wait->entries[i].payload->keyed))
            return NTF_OK;
    for (uint32_t i = 0; i < wait->count; i++) {
        const enum ntf_result result = try_one(wait, &wait->entries[i]);

        if (result != NTF_NOT_READY)
            return result;
    }
    return NTF_NOT_READY;
}

/* Insertion: they are few, and the order of the array stays where the mutexes' is the same. */
static void sort(struct ntf_keyed_wait *wait)
{
    for (uint32_t i = 1; i < wait->count; i++) {
        const struct ntf_keyed_entry moved = wait->entries[i];
        uint32_t at = i;

        for (; at > 0 && mutex_of(&wait->entries[at - 1])->order > mutex_of(&moved)->order; at--)
            wait->entries[at] = wait->entries[at - 1];
        wait->entries[at] = moved;
    }
    wait->sorted = true;
}

static enum ntf_result try_all(struct ntf_keyed_wait *wait)
{
    enum ntf_result result = NTF_OK;
    uint32_t i = 0;

    if (!wait->sorted)
        sort(wait);
    wait->hollow = false;
    while (i < wait->count && (result = try_one(wait, &wait->entries[i])) == NTF_OK)
        i++;
    if (result == NTF_OK)
        return NTF_OK;
    wait->obstacle = i;
    while (i-- > 0)
        if (wait->entries[i].taken)
            give_back(wait, &wait->entries[i], wait->entries[i].value);
    return result;
}

enum ntf_result ntf_keyed_wait_try(struct ntf_keyed_wait *wait)
{
    return wait->all ? try_all(wait) : try_any(wait);
}

/* ---- resting ---- */

static void leave_seat(struct ntf_keyed_entry *entry)
{
    if (!entry->wants_seat)
        return;
    entry->wants_seat = entry->seated = false;
    ntf_seat_leave(entry->payload);
}

/* Whether the wait sleeps for it at all. */
static bool slept_for(const struct ntf_keyed_wait *wait, uint32_t i)
{
    return !wait->all || i == wait->obstacle;
}

static void take_seats(struct ntf_keyed_wait *wait)
{
    for (uint32_t i = 0; i < wait->count; i++) {
        struct ntf_keyed_entry *entry = &wait->entries[i];

        if (!slept_for(wait, i) || entry->lack != NTF_LACK_SEAT || wait->hollow) {
            leave_seat(entry);
            continue;
        }
        entry->seated = ntf_seat_want(entry->payload, !entry->wants_seat);
        entry->wants_seat = true;
    }
}

/* What there is to watch of an entry. False: nothing, since it has a seat. */
static bool watch(const struct ntf_keyed_entry *entry, struct ntf_watch *watch)
{
    if (entry->lack == NTF_LACK_TURN)
        ntf_mutex_watch(mutex_of(entry), entry->target, watch);
    else if (entry->lack == NTF_LACK_VALUE)
        ntf_object_watch(mutex_of(entry)->companion, entry->target, watch);
    return entry->lack != NTF_LACK_SEAT;
}

/* So long the wait may sleep without a look of its own. */
static uint64_t longest_ns(const struct ntf_keyed_wait *wait)
{
    for (uint32_t i = 0; i < wait->count; i++)
        if (slept_for(wait, i) && wait->entries[i].lack == NTF_LACK_SEAT && !wait->entries[i].seated)
            return NTF_REREAD_NS;
    return NTF_SAFETY_NS;
}

enum ntf_result ntf_keyed_wait_rest(struct ntf_keyed_wait *wait, struct ntf_wait *rest, uint32_t before,
                                    struct ntf_poller *poller, uint64_t deadline_ns, uint32_t *index)
{
    const struct ntf_park_ops *ops = poller->ops ? poller->ops : &ntf_park_os_ops;
    enum ntf_result result;

    take_seats(wait);
    rest->count = before;
    for (uint32_t i = 0; i < wait->count; i++)
        if (slept_for(wait, i) && watch(&wait->entries[i], &rest->watches[rest->count]))
            rest->count++;
    deadline_ns = ntf_deadline_min(deadline_ns, ntf_deadline_after(ops->now_ns(), longest_ns(wait)));
    result = ntf_wait_any(rest, poller, deadline_ns, index);
    rest->count = before;
    return result;
}

/* ---- the wait for nothing else ---- */

/* Until the deadline, with a bell on the board. The wait that is slept in has the bell's payload in all its places:
 * what a rest puts there has none. */
static enum ntf_result attempt_and_rest(struct ntf_keyed_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns,
                                        struct ntf_doorbell *bell, struct ntf_wait *rest)
{
    const struct ntf_park_ops *ops = poller->ops ? poller->ops : &ntf_park_os_ops;

    for (;;) {
        enum ntf_result result = ntf_poller_is_lost(poller) ? NTF_E_LOST : ntf_keyed_wait_try(wait);
        uint32_t index;

        if (result != NTF_NOT_READY)
            return result;
        if (ntf_deadline_passed(deadline_ns, ops->now_ns()))
            return NTF_TIMEOUT;
        result = ntf_keyed_wait_rest(wait, rest, 1, poller, deadline_ns, &index);
        if (result != NTF_OK && result != NTF_TIMEOUT)
            return result;
        ntf_doorbell_quiet(bell);
    }
}

static enum ntf_result wait_with_bell(struct ntf_keyed_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns,
                                      struct ntf_payload **places)
{
    const uint32_t count = 1 + ntf_keyed_wait_watches(wait);
    enum ntf_result result = NTF_E_NO_MEMORY;
    struct ntf_doorbell bell;
    struct ntf_wait rest;

    ntf_doorbell_hang(&bell, wait->house->bells);
    for (uint32_t i = 0; i < count; i++)
        places[i] = &bell.payload;
    if (ntf_wait_begin(&rest, places, count) == NTF_OK) {
        result = attempt_and_rest(wait, poller, deadline_ns, &bell, &rest);
        ntf_wait_end(&rest);
    }
    ntf_doorbell_remove(&bell);
    return result;
}

enum ntf_result ntf_keyed_wait_for(struct ntf_keyed_wait *wait, struct ntf_poller *poller, uint64_t deadline_ns)
{
    const struct ntf_park_ops *ops = poller->ops ? poller->ops : &ntf_park_os_ops;
    const enum ntf_result result = ntf_poller_is_lost(poller) ? NTF_E_LOST : ntf_keyed_wait_try(wait);
    struct ntf_payload *scratch[1 + NTF_KEYED_SCRATCH];
    struct ntf_payload **places = scratch;
    enum ntf_result outcome = NTF_E_NO_MEMORY;

    if (result != NTF_NOT_READY)
        return result;
    if (deadline_ns == 0 || ntf_deadline_passed(deadline_ns, ops->now_ns()))
        return NTF_TIMEOUT;
    if (ntf_keyed_wait_watches(wait) > NTF_KEYED_SCRATCH)
        places = malloc((1 + (size_t)ntf_keyed_wait_watches(wait)) * sizeof *places);
    if (places)
        outcome = wait_with_bell(wait, poller, deadline_ns, places);
    if (places != scratch)
        free(places);
    return outcome;
}

/* ---- the end ---- */

NTF_WAY_OUT void ntf_keyed_wait_end(struct ntf_keyed_wait *wait, bool success)
{
    bool kept = false;

    for (uint32_t i = 0; i < wait->count; i++) {
        struct ntf_keyed_entry *entry = &wait->entries[i];

        if (entry->taken && success)
            ntf_keyed_keep(entry->payload->keyed, entry->value);
        else if (entry->taken)
            ntf_keyed_give_back(entry->payload->keyed, entry->value);
        kept = kept || (entry->taken && success);
        leave_seat(entry);
    }
    if (wait->entries != wait->scratch)
        free(wait->entries);
    if (kept)
        ntf_doorbells_ring(wait->house->bells);
}
