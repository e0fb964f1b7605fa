// SPDX-License-Identifier: Apache-2.0
#include "actor.h"

#include <inttypes.h>
#include <stdio.h>

enum { COMPLAINTS = 5 };

uint64_t draw(struct actor *actor, uint64_t below)
{
    // xorshift64*
    actor->random ^= actor->random >> 12;
    actor->random ^= actor->random << 25;
    actor->random ^= actor->random >> 27;
    return (actor->random * UINT64_C(0x2545F4914F6CDD1D) >> 11) % below;
}

void now_doing(struct actor *actor, enum work work, int payload)
{
    ntf_store(&actor->account->payload, (uint32_t)(payload < 0 ? 0 : payload), NTF_RELAXED);
    ntf_store(&actor->account->since_ns, ntf_os_now_ns(), NTF_RELAXED);
    ntf_store(&actor->account->work, work, NTF_RELEASE);
    ntf_fetch_add(&actor->account->done[work], 1, NTF_RELAXED);
}

void complain(struct actor *actor, const char *what, int line, const struct slot *slot)
{
    const struct side *side = slot ? slot_active((struct slot *)(uintptr_t)slot) : NULL;
    if (ntf_fetch_add(&actor->crew->ledger->wrong, 1, NTF_RELAXED) >= COMPLAINTS)
        return;
    fprintf(stderr, "actor %u, line %d: %s; seed %" PRIu64 "\n", actor->index, line, what, actor->crew->seed);
    if (side)
        fprintf(stderr, "payload %d (%s), target %" PRIu64 "..%" PRIu64 "\n", side->payload,
                slot->temporary.payload == NONE ? "permanent" : "temporary", side->lo, side->hi);
}

struct side *slot_active(struct slot *slot)
{
    return slot->temporary.payload == NONE ? &slot->permanent : &slot->temporary;
}

struct account *account_of(struct actor *actor, int payload)
{
    return &actor->crew->ledger->payloads[payload];
}

/* ---- making, importing, ending ---- */

void slot_make(struct actor *actor, struct slot *slot)
{
    const VkExportFenceCreateInfo types = {.sType = VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO,
                                           .handleTypes = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    *slot = (struct slot){.exportable = draw(actor, 4) == 0,
                          .lit = draw(actor, 4) == 0,
                          .permanent = {.payload = OWN},
                          .temporary = {.payload = NONE}};
    info.pNext = slot->exportable ? &types : NULL;
    info.flags = slot->lit ? VK_FENCE_CREATE_SIGNALED_BIT : 0;
    expect(actor, actor->place->vk.CreateFence(actor->place->device, &info, NULL, &slot->fence) == VK_SUCCESS,
           "create");
}

void slot_destroy(struct actor *actor, struct slot *slot)
{
    if (slot->pending)
        settle(actor);
    actor->place->vk.DestroyFence(actor->place->device, slot->fence, NULL);
}

void slot_import(struct actor *actor, struct slot *slot, int payload, ntf_handle handle, bool temporary,
                 uint64_t wait_value)
{
    const NtfenceImportValueInfo value = {.sType = NTFENCE_STRUCTURE_TYPE_IMPORT_VALUE_INFO, .waitValue = wait_value};
    const VkImportFenceWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR,
                                                  .pNext = is_binary((unsigned)payload) ? NULL : &value,
                                                  .fence = slot->fence,
                                                  .flags = temporary ? VK_FENCE_IMPORT_TEMPORARY_BIT : 0,
                                                  .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT,
                                                  .handle = handle};
    const struct side side = {.payload = payload, .lo = wait_value, .hi = wait_value};
    expect(actor, actor->place->vk.ImportFenceWin32HandleKHR(actor->place->device, &info) == VK_SUCCESS, "import");
    if (temporary) {
        slot->temporary = side;
    } else {
        slot->permanent = side;
        slot->temporary.payload = NONE;
    }
}

// Another handle of the payload behind one fence: it goes into another, or is compared and closed.
void slots_export(struct actor *actor, struct slot *from, struct slot *to)
{
    const struct side *side = slot_active(from);
    const VkFenceGetWin32HandleInfoKHR info = {.sType = VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR,
                                               .fence = from->fence,
                                               .handleType = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    struct slot other;
    HANDLE handle = NULL;
    expect(actor, actor->place->vk.GetFenceWin32HandleKHR(actor->place->device, &info, &handle) == VK_SUCCESS,
           "export");
    if (is_shared(side)) {
        slot_import(actor, to, side->payload, handle, draw(actor, 2), 0);
    } else {
        slot_make(actor, &other);
        // Any binary payload: the number only says that it is one.
        slot_import(actor, &other, 0, handle, draw(actor, 2), 0);
        const VkResult result = actor->place->vk.GetFenceStatus(actor->place->device, other.fence);
        expect(actor, from->pending || result == (from->lit ? VK_SUCCESS : VK_NOT_READY), "state behind an export");
        slot_destroy(actor, &other);
    }
    os_handle_close(handle);
}

/* ---- submissions ---- */

void slot_submit(struct actor *actor, struct slot *slot)
{
    struct place *place = actor->place;
    struct side *side = slot_active(slot);
    const VkSubmitInfo empty = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO};
    if (is_shared(side))
        slot->note = ledger_signal_begin(account_of(actor, side->payload), is_binary((unsigned)side->payload), side->lo,
                                         side->hi);
    slot->pending = true;
    ntf_lock_take(&place->lock);
    const VkResult result = place->vk.QueueSubmit(place->queue, (uint32_t)draw(actor, 2), &empty, slot->fence);
    ntf_lock_drop(&place->lock);
    expect(actor, result == VK_SUCCESS, "submit");
}

static void submission_ended(struct actor *actor, struct slot *slot)
{
    struct side *side = slot_active(slot);
    slot->pending = false;
    if (is_shared(side))
        ledger_signal_end(account_of(actor, side->payload), is_binary((unsigned)side->payload), &slot->note);
    else
        slot->lit = true;
}

// A later submission to the queue, with a fence that nobody shares: when that has ended, all before it have.
static void guard_wait(struct actor *actor)
{
    struct place *place = actor->place;
    ntf_lock_take(&place->lock);
    VkResult result = place->vk.QueueSubmit(place->queue, 0, NULL, actor->guard);
    ntf_lock_drop(&place->lock);
    expect(actor, result == VK_SUCCESS, "submit of the guard");
    if (draw(actor, 4)) {
        result = place->vk.WaitForFences(place->device, 1, &actor->guard, VK_TRUE, UINT64_MAX);
        expect(actor, result == VK_SUCCESS, "wait for the guard");
    } else {
        while ((result = place->vk.GetFenceStatus(place->device, actor->guard)) == VK_NOT_READY)
            ;
        expect(actor, result == VK_SUCCESS, "status of the guard");
    }
    expect(actor, place->vk.ResetFences(place->device, 1, &actor->guard) == VK_SUCCESS, "reset of the guard");
}

void settle(struct actor *actor)
{
    struct place *place = actor->place;
    bool any = false;
    for (unsigned i = 0; i < NTF_COUNT(actor->slots); i++)
        any |= actor->slots[i].pending;
    if (!any)
        return;
    now_doing(actor, WORK_SETTLE, NONE);
    if (draw(actor, 4)) {
        guard_wait(actor);
    } else {
        ntf_lock_take(&place->lock);
        expect(actor, place->vk.QueueWaitIdle(place->queue) == VK_SUCCESS, "queue idle");
        ntf_lock_drop(&place->lock);
    }
    for (unsigned i = 0; i < NTF_COUNT(actor->slots); i++)
        if (actor->slots[i].pending)
            submission_ended(actor, &actor->slots[i]);
}

/* ---- reset ---- */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// The permanent payload is restored and reset (vkResetFences, "restored to its prior permanent payload").
static void reset_ended(struct actor *actor, struct slot *slot, uint64_t note)
{
    struct side *side = &slot->permanent;
    slot->temporary.payload = NONE;
    if (!is_shared(side)) {
        slot->lit = false;
    } else if (is_binary((unsigned)side->payload)) {
        ledger_reset_end(account_of(actor, side->payload), note);
        ledger_readmit(account_of(actor, side->payload));
    } else {
        side->lo = larger(side->lo, side->seen_lo) + 1;
        side->hi = larger(side->hi, side->seen_hi) + 1;
    }
}

void slots_reset(struct actor *actor, struct slot *const *slots, unsigned count)
{
    struct slot *chosen[SLOTS];
    VkFence fences[SLOTS];
    uint64_t notes[SLOTS] = {0};
    uint32_t taken = 0;
    for (unsigned i = 0; i < count; i++) {
        const int payload = slots[i]->permanent.payload;
        const bool binary = payload >= 0 && is_binary((unsigned)payload);
        if (slots[i]->pending)
            continue;
        if (binary && !ledger_try_exclude(account_of(actor, payload))) {
            ntf_fetch_add(&actor->account->resets_put_off, 1, NTF_RELAXED);
            continue;
        }
        if (binary)
            notes[taken] = ledger_reset_begin(account_of(actor, payload));
        fences[taken] = slots[i]->fence;
        chosen[taken++] = slots[i];
    }
    if (taken == 0)
        return;
    expect(actor, actor->place->vk.ResetFences(actor->place->device, taken, fences) == VK_SUCCESS, "reset");
    for (uint32_t i = 0; i < taken; i++)
        reset_ended(actor, chosen[i], notes[i]);
}

/* ---- questions ---- */

struct question slot_look(struct actor *actor, struct slot *slot)
{
    const struct side *side = slot_active(slot);
    struct question question = {{0, 0, 0}};
    if (is_shared(side))
        question.look = ledger_look(account_of(actor, side->payload));
    return question;
}

enum known slot_known(struct actor *actor, struct slot *slot, const struct question *question)
{
    const struct side *side = slot_active(slot);
    enum known known;
    if (is_shared(side))
        known = ledger_known(account_of(actor, side->payload), &question->look, is_binary((unsigned)side->payload),
                             side->lo, side->hi);
    else
        known = slot->pending ? KNOWN_NOT : slot->lit ? KNOWN_LIT : KNOWN_DARK;
    return known;
}

void slot_told(struct actor *actor, struct slot *slot, const struct question *question, bool sure)
{
    struct side *side = slot_active(slot);
    if (!is_shared(side) || is_binary((unsigned)side->payload))
        return;
    if (sure)
        side->seen_lo = larger(side->seen_lo, larger(side->lo, question->look.delivered));
    side->seen_hi = larger(side->seen_hi, ntf_load(&account_of(actor, side->payload)->issued, NTF_SEQ_CST));
}

VkResult slot_status(struct actor *actor, struct slot *slot)
{
    const struct question question = slot_look(actor, slot);
    const VkResult result = actor->place->vk.GetFenceStatus(actor->place->device, slot->fence);
    const enum known known = slot_known(actor, slot, &question);
    ntf_fetch_add(&actor->account->answers, 1, NTF_RELAXED);
    ntf_fetch_add(&actor->account->judged, known != KNOWN_NOT, NTF_RELAXED);
    if (result == VK_SUCCESS)
        slot_told(actor, slot, &question, true);
    if (result != VK_SUCCESS && result != VK_NOT_READY)
        complain(actor, "status failed", __LINE__, slot);
    if (result == VK_SUCCESS && known == KNOWN_DARK)
        complain(actor, "signalled before its time", __LINE__, slot);
    if (result == VK_NOT_READY && known == KNOWN_LIT)
        complain(actor, "a signal is missing", __LINE__, slot);
    return result;
}
