/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vkWaitForFences over any mixture of imported and plain fences. The relative timeout becomes one absolute deadline
 * here, and nowhere else.
 *
 *   all          the imported ones first, then the plain ones in one call of the driver's with what time is left:
 *                a value that has been reached stays reached, so no order can lose one;
 *   any, of imported ones only     one park (fence/waiter.h);
 *   any, of plain ones only        one call of the driver's;
 *   any, mixed   a spin over the values, with a look at the driver's in between; then one park as well, as far as the
 *                plain fences have stand-ins: a thread of the layer waits for those in the driver and rings
 *                (fence/bridge.h). The first mixed wait-any that blocks makes the device give stand-ins to whatever
 *                signals a plain fence, from the fence's creation or next reset on (vulkan/signal.h). Until then, and
 *                where the payload may be shared through the driver, the calling thread looks at the fence itself, in
 *                the driver for SLICE_NS at a time.
 *
 * Behind some of the imported ones there are keyed mutexes (fence/keyed_wait.h): they come last in every look, and are
 * taken only by a wait that ends so.
 *
 * No thread but the caller's is ever inside the driver with a fence of the application's. A plain fence that is in no
 * queue has nothing to wait for: its submission rings.
 */
#include "base/deadline.h"
#include "base/os/compiler.h"
#include "base/os/nearby.h"
#include "fence/waiter.h"
#include "vulkan/commands.h"
#include "vulkan/device.h"
#include "vulkan/keyed.h"

#define SLICE_NS 2000000ull
#define ASKED_SINGLY 8u

/* A wait list taken apart. */
struct parts {
    struct ntf_device *device;
    uint64_t deadline_ns;
    struct ntf_payload **payloads; /* of the imported ones; with room for one more, and for each of keyed */
    VkFence *plain;                /* those of the driver's, in the application's order */
    VkFence *below;                /* what the driver is asked for in their place; see look_up */
    uint32_t payload_count, plain_count, below_count;
    struct ntf_keyed_wait keyed;
    bool waiting; /* some of plain are in no queue yet */
    bool exposed; /* some of below are not watched by a thread of the layer */
    void *memory; /* NULL: the scratch on the stack was enough */
    struct ntf_payload *payload_scratch[NTF_WAIT_SCRATCH + 1];
    VkFence plain_scratch[NTF_WAIT_SCRATCH];
    VkFence below_scratch[NTF_WAIT_SCRATCH];
};

static struct ntf_rooms *rooms_of(const struct parts *parts)
{
    return &parts->device->fences.rooms;
}

/* False without memory. */
static bool make_room(struct parts *parts, uint32_t count)
{
    parts->payloads = parts->payload_scratch;
    parts->plain = parts->plain_scratch;
    parts->below = parts->below_scratch;
    parts->memory = NULL;
    if (count <= NTF_WAIT_SCRATCH)
        return true;
    parts->memory =
        ntf_room_take(rooms_of(parts), (size_t)count + 1, 2 * sizeof *parts->plain + sizeof *parts->payloads);
    if (!parts->memory)
        return false;
    parts->plain = parts->memory;
    parts->below = parts->plain + count;
    parts->payloads = (void *)(parts->below + count);
    return true;
}

/* Takes the list apart, and delivers what submissions of this process still owe the imported ones. False without
 * memory. */
static bool take_apart(struct parts *parts, uint32_t count, const VkFence *fences)
{
    parts->payload_count = parts->plain_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ntf_payload *payload = ntf_device_payload(parts->device, fences[i]);

        if (payload && ntf_payload_is_keyed(payload)) {
            if (ntf_keyed_wait_add(&parts->keyed, payload) != NTF_OK)
                return false;
        } else if (payload && !ntf_payload_is_driver(payload)) {
            ntf_device_pull(parts->device, payload);
            parts->payloads[parts->payload_count++] = payload;
        } else {
            parts->plain[parts->plain_count++] = fences[i];
        }
    }
    return true;
}

/* ---- the driver's part ---- */

/* Fills `below`: the application's handle, or its stand-in; nothing for a fence that is in no queue. watch: has
 * stand-ins waited for by the layer. */
static void look_up(struct parts *parts, bool watch)
{
    struct ntf_device *device = parts->device;

    parts->below_count = 0;
    parts->waiting = parts->exposed = false;
    for (uint32_t i = 0; i < parts->plain_count; i++) {
        struct ntf_payload *payload = ntf_device_payload(device, parts->plain[i]);

        if (!payload && ntf_device_clean(device, parts->plain[i])) {
            parts->waiting = true;
            continue;
        }
        parts->below[parts->below_count++] = payload ? ntf_fence_handle(payload->driver.fence) : parts->plain[i];
        if (!payload || !payload->driver.pooled || (watch && !ntf_bridge_watch(device->bridge, payload)))
            parts->exposed = true;
    }
}

/* VK_TIMEOUT also when there is nothing to ask for. */
static VkResult ask_driver(const struct parts *parts, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = parts->device;
    VkResult result;

    if (parts->below_count == 0)
        return VK_TIMEOUT;
    result = device->next.WaitForFences(device->handle, parts->below_count, parts->below, all, timeout_ns);
    ntf_device_after(device, result);
    return result;
}

/* Whether one of them is over, without waiting. Few are asked one by one: drivers have been seen to take ten times as
 * long for a wait that does not wait. */
static VkResult ask_now(const struct parts *parts)
{
    struct ntf_device *device = parts->device;
    VkResult result = VK_NOT_READY;

    if (parts->below_count > ASKED_SINGLY)
        return ask_driver(parts, VK_FALSE, 0);
    for (uint32_t i = 0; i < parts->below_count && result == VK_NOT_READY; i++)
        result = device->next.GetFenceStatus(device->handle, parts->below[i]);
    if (result == VK_NOT_READY)
        return VK_TIMEOUT;
    ntf_device_after(device, result);
    return result;
}

static uint64_t time_left(const struct parts *parts)
{
    return ntf_deadline_left(parts->deadline_ns, ntf_os_now_ns());
}

/* Sleeps until a bell rings: a submission, or the end of one. */
static enum ntf_result sleep_until_rung(const struct parts *parts, struct ntf_doorbell *bell)
{
    struct ntf_payload *payload = &bell->payload;
    enum ntf_result result;
    struct ntf_wait wait;
    uint32_t index;

    (void)ntf_wait_begin(&wait, &payload, 1);
    result = ntf_wait_any(&wait, &parts->device->poller, parts->deadline_ns, &index);
    ntf_wait_end(&wait);
    return result;
}

/* All of the plain ones. A fence that is submitted only while we wait is waited for from then on. */
static VkResult wait_plain_all(struct parts *parts)
{
    struct ntf_doorbell bell;
    enum ntf_result result = NTF_OK;

    look_up(parts, false);
    if (!parts->waiting)
        return ask_driver(parts, VK_TRUE, time_left(parts));
    ntf_doorbell_hang(&bell, &parts->device->bells);
    for (;;) {
        look_up(parts, false);
        if (!parts->waiting || result != NTF_OK)
            break;
        result = sleep_until_rung(parts, &bell);
        ntf_doorbell_quiet(&bell);
    }
    ntf_doorbell_remove(&bell);
    return parts->waiting ? ntf_vk_result(result) : ask_driver(parts, VK_TRUE, time_left(parts));
}

/* ---- waiting ---- */

static NTF_WAY_OUT VkResult wait_all(struct parts *parts, struct ntf_wait *wait)
{
    const enum ntf_result result = ntf_wait_all(wait, &parts->device->poller, parts->deadline_ns);
    VkResult plain = VK_SUCCESS;

    if (result != NTF_OK)
        return ntf_vk_result(result);
    if (parts->plain_count)
        plain = wait_plain_all(parts);
    if (plain == VK_SUCCESS && parts->keyed.count)
        plain = ntf_keyed_last(parts->device, &parts->keyed, parts->deadline_ns);
    if (plain != VK_SUCCESS)
        return plain;
    /* Only now has the application been told of any of them. */
    ntf_wait_told(wait);
    return VK_SUCCESS;
}

/* Looks at everything once. VK_TIMEOUT: nothing has come. Behind the payloads there may be a bell. */
static VkResult look(struct parts *parts, struct ntf_wait *wait, bool watch)
{
    uint32_t index;
    const enum ntf_result result = ntf_wait_any(wait, &parts->device->poller, 0, &index);
    VkResult plain;

    if (result != NTF_TIMEOUT && !(result == NTF_OK && index == parts->payload_count))
        return ntf_vk_result(result);
    look_up(parts, watch);
    plain = ask_now(parts);
    return plain == VK_TIMEOUT && parts->keyed.count ? ntf_keyed_look(parts->device, &parts->keyed) : plain;
}

/* One turn of a mixed wait-any after a look in vain. VK_TIMEOUT: look again. */
static VkResult rest(struct parts *parts, struct ntf_wait *wait, uint64_t left)
{
    enum ntf_result result;
    uint32_t index;

    if (parts->exposed)
        return ask_driver(parts, VK_FALSE, left < SLICE_NS ? left : SLICE_NS);
    if (parts->keyed.count)
        result = ntf_keyed_wait_rest(&parts->keyed, wait, parts->payload_count + 1, &parts->device->poller,
                                     parts->deadline_ns, &index);
    else
        result = ntf_wait_any(wait, &parts->device->poller, parts->deadline_ns, &index);
    return result == NTF_OK && index >= parts->payload_count ? VK_TIMEOUT : ntf_vk_result(result);
}

/* The driver, asked between looks at the values. */
struct question {
    const struct parts *parts;
    VkResult answer;
};

static bool ask_between(void *context)
{
    struct question *question = context;

    question->answer = ask_now(question->parts);
    return question->answer != VK_TIMEOUT;
}

/* Behind the first look, for as long as a wake would take. VK_TIMEOUT: nothing has come, or the bell has rung. */
static VkResult spin(struct parts *parts, struct ntf_wait *wait, struct ntf_doorbell *bell)
{
    struct question question = { parts, VK_TIMEOUT };
    uint32_t index;
    const enum ntf_result result = ntf_wait_spin(wait, &parts->device->poller, parts->deadline_ns,
                                                 parts->below_count ? ask_between : NULL, &question, &index);

    if (result == NTF_OK && index == parts->payload_count)
        ntf_doorbell_quiet(bell);
    else if (result == NTF_OK)
        return VK_SUCCESS;
    return question.answer;
}

/* What keyed mutexes are waited for by is known only to a rest, which spins over it too. */
static VkResult look_and_spin(struct parts *parts, struct ntf_wait *wait, struct ntf_doorbell *bell)
{
    const VkResult result = parts->keyed.count ? VK_TIMEOUT : look(parts, wait, false);

    return result == VK_TIMEOUT && !parts->keyed.count ? spin(parts, wait, bell) : result;
}

static VkResult wait_any_mixed(struct parts *parts, struct ntf_wait *wait, struct ntf_doorbell *bell)
{
    VkResult result = look_and_spin(parts, wait, bell);

    if (result != VK_TIMEOUT)
        return result;
    for (;;) {
        uint64_t left;

        result = look(parts, wait, true);
        if (result != VK_TIMEOUT)
            return result;
        left = time_left(parts);
        if (left == 0)
            return VK_TIMEOUT;
        if (parts->plain_count && !ntf_load(&parts->device->mixed, NTF_RELAXED))
            ntf_store(&parts->device->mixed, 1u, NTF_RELEASE);
        result = rest(parts, wait, left);
        if (result != VK_TIMEOUT)
            return result;
        ntf_doorbell_quiet(bell);
    }
}

/* With a bell, which is the last of the wait's payloads. The places of the keyed mutexes' watches behind it have its
 * payload, too: there is none of theirs that a wait could look at. */
static VkResult wait_any_with_bell(struct parts *parts)
{
    struct ntf_doorbell bell;
    struct ntf_wait wait;
    VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;

    ntf_doorbell_hang(&bell, &parts->device->bells);
    for (uint32_t i = 0; i <= parts->keyed.count; i++)
        parts->payloads[parts->payload_count + i] = &bell.payload;
    if (ntf_wait_begin_in(&wait, rooms_of(parts), parts->payloads, parts->payload_count + 1 + parts->keyed.count) ==
        NTF_OK) {
        wait.count = parts->payload_count + 1;
        result = wait_any_mixed(parts, &wait, &bell);
        ntf_wait_end(&wait);
    }
    ntf_doorbell_remove(&bell);
    return result;
}

static NTF_WAY_OUT VkResult wait_any(struct parts *parts, struct ntf_wait *wait)
{
    uint32_t index;

    if (parts->plain_count || parts->keyed.count)
        return look(parts, wait, false);
    return ntf_vk_result(ntf_wait_any(wait, &parts->device->poller, parts->deadline_ns, &index));
}

static NTF_WAY_OUT VkResult wait_parts(struct parts *parts, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_wait wait;
    VkResult result;

    if (!all && (parts->plain_count || parts->keyed.count)) {
        look_up(parts, false);
        if (parts->payload_count == 0 && !parts->waiting && parts->keyed.count == 0)
            return ask_driver(parts, VK_FALSE, timeout_ns);
        if (timeout_ns > 0)
            return wait_any_with_bell(parts);
    }
    if (ntf_wait_begin_in(&wait, rooms_of(parts), parts->payloads, parts->payload_count) != NTF_OK)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = all ? wait_all(parts, &wait) : wait_any(parts, &wait);
    ntf_wait_end(&wait);
    return result;
}

/* What needs no wait to be built, and no clock: imported fences that are signalled, or are only looked at.
 * VK_NOT_READY: they have to be waited for. */
static VkResult glance(struct ntf_device *device, struct ntf_payload *const *payloads, uint32_t count, VkBool32 all,
                       uint64_t timeout_ns)
{
    uint32_t index;
    const enum ntf_result result = ntf_wait_now(&device->poller, payloads, count, all, &index);

    return result == NTF_NOT_READY && timeout_ns == 0 ? VK_TIMEOUT : ntf_vk_result(result);
}

/* Submissions of this process: their fences can be asked sooner than a lane's thread wakes. */
struct chased {
    const struct parts *parts;
    VkBool32 all;
};

static enum ntf_result look_for_ends(void *context)
{
    const struct chased *chased = context;
    const struct parts *parts = chased->parts;
    uint32_t index;

    ntf_bridge_chase(parts->device->bridge);
    return ntf_wait_now(&parts->device->poller, parts->payloads, parts->payload_count, chased->all, &index);
}

static bool owes_some(const struct parts *parts)
{
    for (uint32_t i = 0; i < parts->payload_count; i++)
        if (ntf_load(&parts->payloads[i]->pending, NTF_RELAXED))
            return true;
    return false;
}

static NTF_WAY_OUT VkResult wait_for_imported(struct parts *parts, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = parts->device;
    struct ntf_chase chase;
    VkResult result;

    if (!owes_some(parts))
        return wait_parts(parts, all, timeout_ns);
    result = ntf_vk_result(ntf_chase(&device->chaser, &chase, ntf_bridge_late_ns(device->bridge), parts->deadline_ns,
                                     look_for_ends, &(struct chased){ parts, all }));
    if (result != VK_NOT_READY)
        return result;
    result = wait_parts(parts, all, timeout_ns);
    ntf_chase_over(&device->chaser, &chase, ntf_result_of(result));
    return result;
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_served(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                   VkBool32 all, uint64_t timeout_ns)
{
    struct parts parts;
    VkResult result = VK_NOT_READY;
    bool imported;

    parts.device = device;
    if (!make_room(&parts, count))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    ntf_keyed_wait_begin(&parts.keyed, &device->keyed, all);
    if (!take_apart(&parts, count, fences))
        result = VK_ERROR_OUT_OF_HOST_MEMORY;
    imported = parts.plain_count == 0 && parts.keyed.count == 0;
    if (imported && result == VK_NOT_READY)
        result = glance(device, parts.payloads, parts.payload_count, all, timeout_ns);
    if (result == VK_NOT_READY) {
        parts.deadline_ns = ntf_deadline_after(ntf_os_now_ns(), timeout_ns);
        result = imported ? wait_for_imported(&parts, all, timeout_ns) : wait_parts(&parts, all, timeout_ns);
    }
    for (uint32_t i = 0; device->timelines && result == VK_SUCCESS && i < parts.payload_count; i++)
        ntf_timeline_see(device, parts.payloads[i]);
    /* Here the wait commits. */
    ntf_keyed_wait_end(&parts.keyed, result == VK_SUCCESS && !ntf_device_lost(device));
    ntf_room_give(rooms_of(&parts), parts.memory);
    return result;
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_mixture(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                    VkBool32 all, uint64_t timeout_ns)
{
    const VkResult result =
        ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : wait_served(device, count, fences, all, timeout_ns);

    /* What a loss has signalled is no success. */
    return ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : result;
}

/* The commonest list of ours: one imported fence, that is signalled, or is only looked at. */
static NTF_WAY_OUT NTF_SELDOM VkResult wait_one_served(struct ntf_device *device, struct ntf_payload *payload,
                                                       const VkFence *fence, VkBool32 all, uint64_t timeout_ns)
{
    VkResult result = VK_NOT_READY;

    if (payload && !ntf_payload_is_driver(payload)) {
        ntf_device_pull(device, payload);
        if (timeout_ns == 0 && ntf_payload_is_short(payload)) {
            result = VK_TIMEOUT;
        } else if (ntf_payload_status(payload) == NTF_OK) {
            ntf_history_lapse(&payload->history);
            if (device->timelines)
                ntf_timeline_see(device, payload);
            result = VK_SUCCESS;
        } else if (timeout_ns == 0 && !ntf_payload_is_keyed(payload)) {
            result = VK_TIMEOUT;
        }
    }
    if (result == VK_NOT_READY)
        return wait_mixture(device, 1, fence, all, timeout_ns);
    return ntf_device_lost(device) ? VK_ERROR_DEVICE_LOST : result;
}

/* The driver can be asked for the application's own handles. */
static NTF_SELDOM VkResult ask_plain(struct ntf_device *device, uint32_t count, const VkFence *fences, VkBool32 all,
                                     uint64_t timeout_ns)
{
    const VkResult result = device->next.WaitForFences(device->handle, count, fences, all, timeout_ns);

    ntf_device_after(device, result);
    return result;
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_one(struct ntf_device *device, const VkFence *only, VkBool32 all,
                                                uint64_t timeout_ns)
{
    struct ntf_fence *fence = ntf_fences_find(&device->fences, ntf_fence_number(*only));

    if (fence && ntf_fence_is_ours(fence))
        return wait_one_served(device, ntf_fence_active(fence), only, all, timeout_ns);
    return ask_plain(device, 1, only, all, timeout_ns);
}

static NTF_WAY_OUT NTF_SELDOM VkResult wait_list(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                 VkBool32 all, uint64_t timeout_ns)
{
    if (!ntf_fences_all_plain(&device->fences, fences, count))
        return wait_mixture(device, count, fences, all, timeout_ns);
    return ask_plain(device, count, fences, all, timeout_ns);
}

/* The device is not the one that was asked for last. */
static NTF_SELDOM VkResult wait_elsewhere(VkDevice handle, uint32_t count, const VkFence *fences, VkBool32 all,
                                          uint64_t timeout_ns)
{
    struct ntf_device *device = ntf_device_of(handle);

    if (count == 1)
        return wait_one(device, fences, all, timeout_ns);
    return wait_list(device, count, fences, all, timeout_ns);
}

/* One fence, on a device of which something is ours. count: so that the arguments stay where they are. */
static NTF_WAY_OUT NTF_SELDOM VkResult wait_single(struct ntf_device *device, uint32_t count, const VkFence *fences,
                                                   VkBool32 all, uint64_t timeout_ns)
{
    if (ntf_table_absent(&device->fences.table, fences, 1))
        return ask_plain(device, count, fences, all, timeout_ns);
    return wait_one(device, fences, all, timeout_ns);
}

/* Each way is a function of its own, so that it saves no more registers than it needs. */
NTF_COMMAND(VkResult)
ntf_vkWaitForFences(VkDevice handle, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout_ns)
{
    struct ntf_device *device = ntf_device_at_hand(handle);

    if (!device)
        return wait_elsewhere(handle, count, fences, all, timeout_ns);
    if (ntf_fences_none(&device->fences))
        return device->next.WaitForFences(handle, count, fences, all, timeout_ns);
    if (count != 1)
        return wait_list(device, count, fences, all, timeout_ns);
    return wait_single(device, count, fences, all, timeout_ns);
}
