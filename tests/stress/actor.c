// SPDX-License-Identifier: Apache-2.0
#include "actor.h"

#include <stdio.h>

enum { WAITED_MAX = 5 };

static struct slot *any_slot(struct actor *actor)
{
    return &actor->slots[draw(actor, SLOTS)];
}

// A few different ones.
static unsigned some_slots(struct actor *actor, struct slot *out[SLOTS], unsigned most)
{
    const unsigned count = 1 + (unsigned)draw(actor, most), step = draw(actor, 2) ? 1 : 3; // both prime to SLOTS
    const unsigned first = (unsigned)draw(actor, SLOTS);
    for (unsigned i = 0; i < count; i++)
        out[i] = &actor->slots[(first + i * step) % SLOTS];
    return count;
}

// Not those that D3DKMT calls alone signal: these calls refuse what lies below another's signal.
static bool can_submit(const struct side *side)
{
    return !is_shared(side) || kind_of((unsigned)side->payload) != KIND_MONITORED;
}

static uint64_t next_value(struct actor *actor, int payload)
{
    return ntf_load(&account_of(actor, payload)->issued, NTF_SEQ_CST) + 1 + draw(actor, 3);
}

static void import_base(struct actor *actor, struct slot *slot, int payload, uint64_t value)
{
    slot_import(actor, slot, payload, actor->crew->handles[payload], draw(actor, 2), value);
}

/* ---- debts ---- */

static void pay_by_kernel(struct actor *actor, int payload)
{
    struct account *account = account_of(actor, payload);
    ntf_lock_take(&actor->crew->kernel_locks[payload]);
    const uint64_t value = ntf_load(&account->wanted, NTF_SEQ_CST);
    if (value > ntf_load(&account->issued, NTF_SEQ_CST)) {
        const struct signal_note note = ledger_signal_begin(account, false, value, value);
        kernel_signal(&actor->crew->kernel[payload], value);
        ledger_signal_end(account, false, &note);
    }
    ntf_lock_drop(&actor->crew->kernel_locks[payload]);
}

static void pay(struct actor *actor, int payload)
{
    struct slot *payer = &actor->slots[PAYER];
    if (kind_of((unsigned)payload) == KIND_MONITORED) {
        now_doing(actor, WORK_PAY, payload);
        pay_by_kernel(actor, payload);
        return;
    }
    if (payer->pending)
        settle(actor);
    now_doing(actor, WORK_PAY, payload);
    import_base(actor, payer, payload, ntf_load(&account_of(actor, payload)->wanted, NTF_SEQ_CST));
    // Signalled already: the holder keeps it so.
    if (slot_status(actor, payer) == VK_SUCCESS)
        return;
    slot_submit(actor, payer);
    if (draw(actor, 2))
        settle(actor);
}

static void pay_all(struct actor *actor)
{
    uint64_t owed = ntf_exchange(&actor->account->owed, 0, NTF_SEQ_CST);
    for (int payload = 0; owed; payload++, owed >>= 1)
        if (owed & 1)
            pay(actor, payload);
}

// Somebody who never waits for us has to signal it; now and then that is the actor itself.
static void owe(struct actor *actor, int payload)
{
    struct ledger *ledger = actor->crew->ledger;
    const unsigned count = ntf_load(&ledger->actor_count, NTF_RELAXED);
    unsigned first = actor->index + 1;
    bool self = first == count || draw(actor, 8) == 0;
    if (kind_of((unsigned)payload) == KIND_MONITORED) {
        if (first < actor->crew->kernel_first)
            first = actor->crew->kernel_first;
        self &= actor->crew->kernel != NULL;
    }
    if (self)
        pay(actor, payload);
    else
        ntf_fetch_or(&ledger->actors[first + draw(actor, count - first)].owed, UINT64_C(1) << payload, NTF_SEQ_CST);
}

/* ---- waits ---- */

static void judge_wait(struct actor *actor, struct slot *const *slots, const struct question *questions, unsigned count,
                       bool all, VkResult result)
{
    unsigned dark = 0, lit = 0;
    for (unsigned i = 0; i < count; i++) {
        const enum known known = slot_known(actor, slots[i], &questions[i]);
        dark += known == KNOWN_DARK;
        lit += known == KNOWN_LIT;
        if (result == VK_SUCCESS)
            slot_told(actor, slots[i], &questions[i], all || count == 1);
    }
    const bool must_last = all ? dark > 0 : dark == count, must_end = all ? lit == count : lit > 0;
    ntf_fetch_add(&actor->account->answers, 1, NTF_RELAXED);
    ntf_fetch_add(&actor->account->judged, must_last || must_end, NTF_RELAXED);
    ntf_fetch_add(&actor->account->timeouts, result == VK_TIMEOUT, NTF_RELAXED);
    if (result != VK_SUCCESS && result != VK_TIMEOUT)
        complain(actor, "wait failed", __LINE__, slots[0]);
    if (result == VK_SUCCESS && must_last)
        complain(actor, all ? "wait-all ended before its time" : "wait-any ended before its time", __LINE__, slots[0]);
    if (result == VK_TIMEOUT && must_end)
        complain(actor, all ? "wait-all missed a signal" : "wait-any missed a signal", __LINE__, slots[0]);
}

static VkResult wait_and_judge(struct actor *actor, struct slot *const *slots, unsigned count, bool all,
                               uint64_t timeout_ns)
{
    struct question questions[SLOTS];
    VkFence fences[SLOTS] = {VK_NULL_HANDLE};
    for (unsigned i = 0; i < count; i++) {
        fences[i] = slots[i]->fence;
        questions[i] = slot_look(actor, slots[i]);
    }
    const VkResult result = actor->place->vk.WaitForFences(actor->place->device, count, fences, all, timeout_ns);
    judge_wait(actor, slots, questions, count, all, result);
    return result;
}

static void wait_a_little(struct actor *actor)
{
    static const uint64_t limits_ns[] = {0, 0, 1000, 100000, 2000000};
    struct slot *slots[SLOTS];
    const unsigned count = some_slots(actor, slots, WAITED_MAX);
    const uint64_t limit_ns = limits_ns[draw(actor, NTF_COUNT(limits_ns))];
    now_doing(actor, WORK_WAIT, slot_active(slots[0])->payload);
    wait_and_judge(actor, slots, count, draw(actor, 2), limit_ns ? draw(actor, limit_ns) : 0);
}

// Sees to it that the fence will be signalled, and stays so until slot_held_end.
static void come(struct actor *actor, struct slot *slot)
{
    struct side *side = slot_active(slot);
    if (!is_shared(side)) {
        if (!slot->pending && !slot->lit)
            slot_submit(actor, slot);
        return;
    }
    if (is_binary((unsigned)side->payload))
        ledger_hold(account_of(actor, side->payload));
    else
        ledger_raise(&account_of(actor, side->payload)->wanted, side->hi);
    owe(actor, side->payload);
}

static void came(struct actor *actor, struct slot *slot)
{
    const struct side *side = slot_active(slot);
    expect(actor, slot_status(actor, slot) == VK_SUCCESS, "it has gone again");
    if (is_shared(side) && is_binary((unsigned)side->payload))
        ledger_let_go(account_of(actor, side->payload));
}

static bool never_submitted(const struct slot *slot)
{
    return slot->permanent.payload == OWN && slot->temporary.payload == NONE && !slot->pending && !slot->lit;
}

static void wait_without_end(struct actor *actor)
{
    struct slot *slots[SLOTS] = {NULL};
    const unsigned count = some_slots(actor, slots, WAITED_MAX);
    const bool all = draw(actor, 2);
    const unsigned chosen = (unsigned)draw(actor, count);
    now_doing(actor, WORK_WAIT_FOREVER, slot_active(slots[chosen])->payload);
    for (unsigned i = 0; i < count; i++)
        if (all || i == chosen)
            come(actor, slots[i]);
    now_doing(actor, WORK_WAIT_FOREVER, slot_active(slots[chosen])->payload);
    const VkResult result = wait_and_judge(actor, slots, count, all, draw(actor, 2) ? UINT64_MAX : INT64_MAX);
    expect(actor, result == VK_SUCCESS, "a wait without end ended otherwise");
    ntf_fetch_add(&actor->account->forever, 1, NTF_RELAXED);
    // Wait-any may have been ended by another fence.
    if (!all)
        (void)wait_and_judge(actor, &slots[chosen], 1, true, UINT64_MAX);
    for (unsigned i = 0; i < count; i++) {
        if (all || i == chosen)
            came(actor, slots[i]);
        // What was never submitted nobody uses any more.
        else if (never_submitted(slots[i]) && draw(actor, 2)) {
            slot_destroy(actor, slots[i]);
            slot_make(actor, slots[i]);
        }
    }
}

/* ---- one step ---- */

static void import_one(struct actor *actor)
{
    struct slot *slot = any_slot(actor);
    const int payload = (int)draw(actor, PAYLOADS);
    if (slot->pending)
        settle(actor);
    now_doing(actor, WORK_IMPORT, payload);
    import_base(actor, slot, payload, next_value(actor, payload));
}

static void export_one(struct actor *actor)
{
    struct slot *from = any_slot(actor), *to = any_slot(actor);
    const struct side *side = slot_active(from);
    if (is_shared(side) ? !is_binary((unsigned)side->payload) : !from->exportable)
        return;
    if (to->pending)
        settle(actor);
    now_doing(actor, WORK_EXPORT, side->payload);
    slots_export(actor, from, to);
}

static void submit_one(struct actor *actor)
{
    struct slot *slot = any_slot(actor);
    if (!can_submit(slot_active(slot)))
        return;
    if (slot->pending)
        settle(actor);
    now_doing(actor, WORK_SUBMIT, slot_active(slot)->payload);
    // VUID-vkQueueSubmit-fence-00063, as far as the one who submits can know.
    if (slot_status(actor, slot) == VK_NOT_READY)
        slot_submit(actor, slot);
}

static void reset_some(struct actor *actor)
{
    struct slot *slots[SLOTS];
    const unsigned count = some_slots(actor, slots, WAITED_MAX);
    if (draw(actor, 2))
        settle(actor);
    now_doing(actor, WORK_RESET, slots[0]->permanent.payload);
    slots_reset(actor, slots, count);
}

static void destroy_one(struct actor *actor)
{
    struct slot *slot = any_slot(actor);
    if (slot->pending)
        settle(actor);
    now_doing(actor, WORK_DESTROY, slot_active(slot)->payload);
    slot_destroy(actor, slot);
    slot_make(actor, slot);
}

static void status_one(struct actor *actor)
{
    struct slot *slot = any_slot(actor);
    now_doing(actor, WORK_STATUS, slot_active(slot)->payload);
    (void)slot_status(actor, slot);
}

static void step(struct actor *actor)
{
    static void (*const works[])(struct actor *) = {
        import_one, import_one,    export_one,    submit_one,       submit_one, status_one, status_one,
        status_one, wait_a_little, wait_a_little, wait_without_end, reset_some, reset_some, destroy_one,
    };
    pay_all(actor);
    works[draw(actor, NTF_COUNT(works))](actor);
}

/* ---- from beginning to end ---- */

static bool goes_on(struct actor *actor, unsigned steps)
{
    const struct crew *crew = actor->crew;
    return crew->end_ns ? ntf_os_now_ns() < crew->end_ns : steps < crew->steps;
}

static void begin(struct actor *actor)
{
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    actor->random = actor->crew->seed + (actor->index + 1) * UINT64_C(0x9E3779B97F4A7C15);
    if (!actor->random)
        actor->random = 1;
    expect(actor, actor->place->vk.CreateFence(actor->place->device, &info, NULL, &actor->guard) == VK_SUCCESS,
           "guard");
    for (unsigned i = 0; i < NTF_COUNT(actor->slots); i++)
        slot_make(actor, &actor->slots[i]);
}

void actor_run(void *context)
{
    struct actor *actor = context;
    struct ledger *ledger = actor->crew->ledger;
    begin(actor);
    for (unsigned steps = 0; goes_on(actor, steps); steps++)
        step(actor);
    settle(actor);
    // Others may still wait for what this one owes them, or will.
    now_doing(actor, WORK_END, NONE);
    ntf_fetch_add(&ledger->finished, 1, NTF_SEQ_CST);
    while (ntf_load(&ledger->finished, NTF_SEQ_CST) < ntf_load(&ledger->actor_count, NTF_RELAXED)) {
        if (ntf_load(&actor->account->owed, NTF_RELAXED)) {
            pay_all(actor);
            settle(actor);
            now_doing(actor, WORK_END, NONE);
        }
        os_sleep_ms(1);
    }
    pay_all(actor);
    settle(actor);
    for (unsigned i = 0; i < NTF_COUNT(actor->slots); i++)
        slot_destroy(actor, &actor->slots[i]);
    actor->place->vk.DestroyFence(actor->place->device, actor->guard, NULL);
    now_doing(actor, WORK_IDLE, NONE);
    ntf_store(&actor->gone, 1, NTF_RELEASE);
}
