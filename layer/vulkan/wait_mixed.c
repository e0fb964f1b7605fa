/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for imported and plain fences together; wait.c says how. */
#include "vulkan/parts.h"

#define SLICE_NS 2000000ull

/* Sleeps until a bell rings: a submission, or the end of one. */
static enum ntf_result sleep_until_rung(const struct ntf_parts *parts, struct ntf_doorbell *bell)
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

VkResult ntf_mixed_plain_all(struct ntf_parts *parts)
{
    struct ntf_doorbell bell;
    enum ntf_result result = NTF_OK;

    ntf_parts_look_up(parts, false);
    if (!parts->waiting)
        return ntf_parts_ask(parts, VK_TRUE, ntf_parts_left(parts));
    ntf_doorbell_hang(&bell, &parts->device->bells);
    for (;;) {
        ntf_parts_look_up(parts, false);
        if (!parts->waiting || result != NTF_OK)
            break;
        result = sleep_until_rung(parts, &bell);
        ntf_doorbell_quiet(&bell);
    }
    ntf_doorbell_remove(&bell);
    return parts->waiting ? ntf_vk_result(result) : ntf_parts_ask(parts, VK_TRUE, ntf_parts_left(parts));
}

/* ---- any ---- */

VkResult ntf_mixed_look(struct ntf_parts *parts, struct ntf_wait *wait, bool watch)
{
    uint32_t index;
    const enum ntf_result result = ntf_wait_any(wait, &parts->device->poller, 0, &index);
    VkResult plain;

    if (result != NTF_TIMEOUT && !(result == NTF_OK && index == parts->payload_count))
        return ntf_vk_result(result);
    ntf_parts_look_up(parts, watch);
    plain = ntf_parts_ask_now(parts);
    return plain == VK_TIMEOUT && parts->keyed.count ? ntf_keyed_look(parts->device, &parts->keyed) : plain;
}

/* One turn of a mixed wait-any after a look in vain. VK_TIMEOUT: look again. */
static VkResult rest(struct ntf_parts *parts, struct ntf_wait *wait, uint64_t left)
{
    enum ntf_result result;
    uint32_t index;

    if (parts->exposed)
        return ntf_parts_ask(parts, VK_FALSE, left < SLICE_NS ? left : SLICE_NS);
    if (parts->keyed.count)
        result = ntf_keyed_wait_rest(&parts->keyed, wait, parts->payload_count + 1, &parts->device->poller,
                                     parts->deadline_ns, &index);
    else
        result = ntf_wait_any(wait, &parts->device->poller, parts->deadline_ns, &index);
    return result == NTF_OK && index >= parts->payload_count ? VK_TIMEOUT : ntf_vk_result(result);
}

/* The driver, asked between looks at the values. */
struct question {
    const struct ntf_parts *parts;
    VkResult answer;
};

static bool ask_between(void *context)
{
    struct question *question = context;

    question->answer = ntf_parts_ask_now(question->parts);
    return question->answer != VK_TIMEOUT;
}

/* Behind the first look, for as long as a wake would take. VK_TIMEOUT: nothing has come, or the bell has rung. */
static VkResult spin(struct ntf_parts *parts, struct ntf_wait *wait, struct ntf_doorbell *bell)
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
static VkResult look_and_spin(struct ntf_parts *parts, struct ntf_wait *wait, struct ntf_doorbell *bell)
{
    const VkResult result = parts->keyed.count ? VK_TIMEOUT : ntf_mixed_look(parts, wait, false);

    return result == VK_TIMEOUT && !parts->keyed.count ? spin(parts, wait, bell) : result;
}

static VkResult wait_any_mixed(struct ntf_parts *parts, struct ntf_wait *wait, struct ntf_doorbell *bell)
{
    VkResult result = look_and_spin(parts, wait, bell);

    if (result != VK_TIMEOUT)
        return result;
    /* However little time is left: whether the spin took all of it is chance. */
    if (parts->plain_count && !ntf_load(&parts->device->mixed, NTF_RELAXED))
        ntf_store(&parts->device->mixed, 1u, NTF_RELEASE);
    for (;;) {
        uint64_t left;

        result = ntf_mixed_look(parts, wait, true);
        if (result != VK_TIMEOUT)
            return result;
        left = ntf_parts_left(parts);
        if (left == 0)
            return VK_TIMEOUT;
        result = rest(parts, wait, left);
        if (result != VK_TIMEOUT)
            return result;
        ntf_doorbell_quiet(bell);
    }
}

/* With a bell, which is the last of the wait's payloads. The places of the keyed mutexes' watches behind it have its
 * payload, too: there is none of theirs that a wait could look at. */
VkResult ntf_mixed_any(struct ntf_parts *parts)
{
    struct ntf_doorbell bell;
    struct ntf_wait wait;
    VkResult result = VK_ERROR_OUT_OF_HOST_MEMORY;

    ntf_doorbell_hang(&bell, &parts->device->bells);
    for (uint32_t i = 0; i <= parts->keyed.count; i++)
        parts->payloads[parts->payload_count + i] = &bell.payload;
    if (ntf_wait_begin_in(&wait, ntf_parts_rooms(parts), parts->payloads,
                          parts->payload_count + 1 + parts->keyed.count) == NTF_OK) {
        wait.count = parts->payload_count + 1;
        result = wait_any_mixed(parts, &wait, &bell);
        ntf_wait_end(&wait);
    }
    ntf_doorbell_remove(&bell);
    return result;
}
