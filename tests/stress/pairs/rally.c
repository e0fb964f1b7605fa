// SPDX-License-Identifier: Apache-2.0
#include "rally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "kmt/soft/page.h"
#include "kmt/soft/soft.h"

// ---- sleeps, told to the other side

static struct court *courts[SIDES]; // of the side that this process plays

// Over shared objects a waiter looks once a second by itself, which would hide a lost wake. So a sleep of that length
// which ends with the signal done before is counted. A few may be: who is woken and gets no processor for so long.
enum { OVERSLEPT_AT_MOST = 3 };

static void sleep_as(unsigned me, struct ntf_parker *parker, uint64_t deadline_ns)
{
    struct court *court = courts[me];
    const uint64_t round = ntf_load(&court->side[me].rounds, NTF_RELAXED) + 1, begin_ns = ntf_os_now_ns();

    ntf_fetch_add(&court->side[me].slept, 1, NTF_RELAXED);
    ntf_store(&court->side[me].asleep, 1, NTF_RELEASE);
    ntf_park_os_ops.sleep(parker, deadline_ns);
    ntf_store(&court->side[me].asleep, 0, NTF_RELEASE);
    if (ntf_os_now_ns() - begin_ns >= NTF_SAFETY_NS / 10 * 9 &&
        ntf_load(&court->side[1 - me].served, NTF_ACQUIRE) >= round)
        ntf_fetch_add(&court->side[me].overslept, 1, NTF_RELAXED);
}

static void sleep_0(struct ntf_parker *parker, uint64_t deadline_ns)
{
    sleep_as(0, parker, deadline_ns);
}

static void sleep_1(struct ntf_parker *parker, uint64_t deadline_ns)
{
    sleep_as(1, parker, deadline_ns);
}

static uint64_t os_spin_ns(uint64_t left_ns)
{
    return ntf_park_os_ops.spin_ns ? ntf_park_os_ops.spin_ns(left_ns) : 0;
}

static const struct ntf_park_ops spinning[SIDES] = {{ntf_os_now_ns, sleep_0, os_spin_ns},
                                                    {ntf_os_now_ns, sleep_1, os_spin_ns}};
static const struct ntf_park_ops parking[SIDES] = {{ntf_os_now_ns, sleep_0, NULL}, {ntf_os_now_ns, sleep_1, NULL}};

// ---- a round

static uint64_t ball_of(unsigned side, uint64_t round)
{
    return (round * SIDES + side + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

static uint64_t value_of(const struct ntf_payload *payload)
{
    return ntf_object_value(payload->object);
}

static bool wrong(struct side *side, const char *what, uint64_t found, uint64_t wanted)
{
    fprintf(stderr, "side %u: %s: %" PRIu64 ", not %" PRIu64 "\n", side->me, what, found, wanted);
    ntf_store(&side->court->side[side->me].wrong, 1, NTF_RELEASE);
    return false;
}

// A wait with a limit has ended. Neither may be far beyond what it is allowed; how far is a scheduler's affair.
static bool timely(struct side *side, enum ntf_result result, uint64_t deadline_ns)
{
    const uint64_t now_ns = ntf_os_now_ns(), far_ns = 10 * NTF_SAFETY_NS;
    const uint64_t served_ns = ntf_load(&side->court->side[1 - side->me].served_ns, NTF_RELAXED);
    const uint64_t late_ns = now_ns > deadline_ns ? now_ns - deadline_ns : 0;

    if (result == NTF_TIMEOUT)
        ntf_fetch_add(&side->court->side[side->me].timeouts, 1, NTF_RELEASE);
    if (late_ns > side->worst_late_ns)
        side->worst_late_ns = late_ns;
    if (result == NTF_OK && served_ns != 0 && now_ns > served_ns && now_ns - served_ns > side->worst_wake_ns)
        side->worst_wake_ns = now_ns - served_ns;
    if (side->worst_late_ns > far_ns)
        return wrong(side, "nanoseconds behind a deadline", late_ns, 0);
    if (side->worst_wake_ns > far_ns)
        return wrong(side, "nanoseconds behind a signal", side->worst_wake_ns, 0);
    return true;
}

static bool stopped(struct side *side)
{
    return ntf_load(&side->court->stop, NTF_ACQUIRE) != 0;
}

// Until the other side is at the round. A timeout only begins the next wait: the other may be dead, and be replaced.
static bool receive(struct side *side, uint64_t round)
{
    const unsigned other = 1 - side->me;
    struct ntf_payload *theirs = side->payload[other];
    enum ntf_result result;

    do {
        const uint64_t deadline_ns = ntf_deadline_after(ntf_os_now_ns(), side->limit_ns);
        struct ntf_wait wait;
        uint32_t index = 99;

        if (ntf_wait_begin(&wait, &theirs, 1) != NTF_OK)
            return wrong(side, "a wait could not begin", 0, 0);
        result = ntf_wait_any(&wait, &side->poller, deadline_ns, &index);
        ntf_wait_end(&wait);
        if (side->limit_ns != NTF_FOREVER && !timely(side, result, deadline_ns))
            return false;
        if (result == NTF_TIMEOUT && stopped(side))
            return false;
    } while (result == NTF_TIMEOUT && side->limit_ns != NTF_FOREVER);
    if (ntf_load(&side->court->side[side->me].overslept, NTF_RELAXED) > OVERSLEPT_AT_MOST)
        return wrong(side, "sleeps that no wake has ended", OVERSLEPT_AT_MOST + 1, 0);
    if (result != NTF_OK)
        return wrong(side, "the answer of a wait", (uint64_t)result, NTF_OK);
    if (value_of(theirs) != round)
        return wrong(side, "the value behind a wait", value_of(theirs), round);
    if (side->court->side[other].ball != ball_of(other, round))
        return wrong(side, "what was written before the signal", side->court->side[other].ball, ball_of(other, round));
    return ntf_payload_reset(theirs, NULL) == NTF_OK || wrong(side, "a reset", 0, 0);
}

// Whether somebody waits for this object: in a slot, or, for one of this process only, in a herd (kmt/soft/herd.h).
static bool waited_for(struct ntf_page *page)
{
    bool herd = false;
    for (uint32_t i = 0; i < NTF_PAGE_SLOTS && !herd; i++)
        herd = ntf_load(&page->slots[i].herd, NTF_ACQUIRE) != 0;
    return herd || ntf_page_monitored(page) != NTF_PAGE_NOBODY;
}

// The other side waits for this one's object: it has armed, and every second time it is asleep besides.
static void until_parked(struct side *side, uint64_t round)
{
    const uintptr_t page = (uintptr_t)side->payload[side->me]->object->value - offsetof(struct ntf_page, current);
    ntf_au32 *asleep = &side->court->side[1 - side->me].asleep;

    while ((!waited_for((struct ntf_page *)page) ||
            (round % 2 == 0 && ntf_load(asleep, NTF_ACQUIRE) == 0)) &&
           !stopped(side))
        pairs_yield();
}

static bool serve(struct side *side, uint64_t round)
{
    struct ntf_payload *mine = side->payload[side->me];

    if (side->how == RALLY_PARKS && side->limit_ns == NTF_FOREVER)
        until_parked(side, round);
    side->court->side[side->me].ball = ball_of(side->me, round);
    ntf_store(&side->court->side[side->me].served_ns, side->limit_ns == NTF_FOREVER ? 0 : ntf_os_now_ns(), NTF_RELAXED);
    if (ntf_payload_signal(mine, round, NULL) != NTF_OK)
        return wrong(side, "a signal refused at", value_of(mine), round);
    ntf_store(&side->court->side[side->me].served, round, NTF_RELEASE);
    return true;
}

bool rally_play(struct side *side)
{
    uint64_t round = value_of(side->payload[side->me]) + 1;
    const bool first = side->me == 0;

    courts[side->me] = side->court;
    ntf_poller_init(&side->poller, side->how == RALLY_PARKS ? &parking[side->me] : &spinning[side->me], NULL);
    for (; round <= side->last && !stopped(side); round++) {
        if (first ? !serve(side, round) || !receive(side, round) : !receive(side, round) || !serve(side, round))
            return ntf_load(&side->court->side[side->me].wrong, NTF_RELAXED) == 0;
        ntf_store(&side->court->side[side->me].rounds, round, NTF_RELEASE);
    }
    return true;
}

void rally_tell(const struct court *shared)
{
    struct court *court = (struct court *)(uintptr_t)shared;

    for (unsigned i = 0; i < SIDES; i++)
        fprintf(stderr, "side %u: %" PRIu64 " rounds ended, %" PRIu64 " sleeps, %s\n", i,
                ntf_load(&court->side[i].rounds, NTF_ACQUIRE), ntf_load(&court->side[i].slept, NTF_ACQUIRE),
                ntf_load(&court->side[i].asleep, NTF_ACQUIRE) ? "asleep" : "awake");
}

// ---- objects

bool rally_make(struct ntf_payload *payload[SIDES], uint32_t flags)
{
    for (unsigned i = 0; i < SIDES; i++) {
        struct ntf_object *object;

        if (ntf_soft_create(flags, 0, &object) != NTF_OK ||
            ntf_payload_new_value(object, 1, &payload[i]) != NTF_OK)
            return false;
    }
    return true;
}

bool rally_open(struct ntf_payload *payload[SIDES], const ntf_handle handle[SIDES], unsigned me)
{
    struct ntf_object *object[SIDES];
    ntf_status status;
    const char *why;

    for (unsigned i = 0; i < SIDES; i++)
        if (ntf_soft_open_handle(handle[i], &object[i], &status, &why) != NTF_OK)
            return false;
    for (unsigned i = 0; i < SIDES; i++)
        if (ntf_payload_new_value(object[i], ntf_object_value(object[me]) + 1, &payload[i]) != NTF_OK)
            return false;
    return true;
}

ntf_handle rally_share(struct ntf_payload *payload)
{
    ntf_object_attributes attributes = {.Length = sizeof attributes};
    ntf_status status;
    ntf_handle handle;

    if (payload->object->ops->share(payload->object, &attributes, D3DDDI_SYNC_OBJECT_ALL_ACCESS, &handle, &status) !=
        NTF_OK)
        return NULL;
    return handle;
}
