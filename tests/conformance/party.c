// SPDX-License-Identifier: Apache-2.0
#include "party.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

VkExternalFenceHandleTypeFlagBits subject_type = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT;

// ---- calls

static void child_ask(struct party *party, const struct call *call)
{
    // The text comes last: it has spaces.
    ntf_child_send(party->child, "%d %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %s", (int)call->op, call->fence,
                   call->flags, call->type, call->value, call->text);
}

static struct answer child_answer(struct party *party)
{
    char line[NTF_LINE_MAX];
    struct answer answer;
    int result;
    assert_true(ntf_child_receive(party->child, line));
    assert_int_equal(sscanf(line, "%d %" SCNu64, &result, &answer.value), 2);
    answer.result = (VkResult)result;
    return answer;
}

static void thread_body(void *context)
{
    struct party *party = context;
    party->answer = site_do(&party->site, &party->call);
}

struct answer party_call(struct party *party, const struct call *call)
{
    assert_false(party->child && party->begun); // its next answer would be that of the other call
    if (!party->child)
        return site_do(&party->site, call);
    child_ask(party, call);
    return child_answer(party);
}

void party_begin(struct party *party, const struct call *call)
{
    assert_false(party->begun);
    party->call = *call;
    if (party->child)
        child_ask(party, call);
    else
        assert_int_equal(ntf_thread_start(&party->thread, "party", thread_body, party), NTF_OK);
    party->begun = true;
}

struct answer party_end(struct party *party)
{
    assert_true(party->begun);
    party->begun = false;
    if (party->child)
        return child_answer(party);
    ntf_thread_join(party->thread);
    return party->answer;
}

void party_start(struct party *party)
{
    memset(party, 0, sizeof *party);
    party->child = ntf_child_start("party", carry_door(), NULL);
}

void party_stop(struct party *party)
{
    if (party->child)
        assert_int_equal(ntf_child_wait(party->child), 0);
    party->child = NULL;
}

static bool call_read(const char *line, struct call *call)
{
    int op, length = 0;
    memset(call, 0, sizeof *call);
    if (sscanf(line, "%d %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu64 " %n", &op, &call->fence, &call->flags,
               &call->type, &call->value, &length) < 5)
        return false;
    call->op = (enum op)op;
    snprintf(call->text, sizeof call->text, "%s", line + length);
    return true;
}

int party_child(void)
{
    static struct host host;
    static struct device device;
    static struct site site;
    char line[NTF_LINE_MAX];
    struct call call;
    host_open(&host);
    device_open(&device, &host);
    site_open(&site, &device, 0);
    while (ntf_parent_receive(line)) {
        ntf_test_watchdog(60);
        if (!call_read(line, &call))
            return 2;
        struct answer answer = {VK_SUCCESS, 0};
        if (call.op == OP_CARRY)
            carry_out(ntf_test_role_arg(0), call.value);
        else
            answer = site_do(&site, &call);
        ntf_parent_send("%d %" PRIu64, (int)answer.result, answer.value);
        if (call.op == OP_CLEAN)
            messages_clear();
    }
    messages_clear();
    device_close(&device);
    host_close(&host);
    return complaints() ? 3 : 0; // what was leaked is told here
}

static void must(VkResult result)
{
    assert_int_equal(result, VK_SUCCESS);
}

void party_clean(struct party *party)
{
    if (party->begun)
        party_end(party);
    const struct answer answer = party_call(party, &(struct call){.op = OP_CLEAN});
    must(answer.result);
    if (party->child)
        assert_int_equal(answer.value, 0);
}

// ---- fences

static struct answer call_on(struct fence fence, struct call call)
{
    call.fence = fence.number;
    return party_call(fence.party, &call);
}

static struct fence make(struct party *party, bool signalled, VkExternalFenceHandleTypeFlags type)
{
    const struct call call = {.op = OP_CREATE, .flags = signalled ? VK_FENCE_CREATE_SIGNALED_BIT : 0, .type = type};
    const struct answer answer = party_call(party, &call);
    must(answer.result);
    return (struct fence){party, (uint32_t)answer.value};
}

struct fence plain_fence(struct party *party, bool signalled)
{
    return make(party, signalled, 0);
}

struct fence exportable_fence(struct party *party, bool signalled)
{
    return make(party, signalled, subject_type);
}

VkResult try_named_fence(struct party *party, bool signalled, const char *name, struct fence *fence)
{
    struct call call = {.op = OP_CREATE,
                        .flags = signalled ? VK_FENCE_CREATE_SIGNALED_BIT : 0,
                        .type = VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT};
    snprintf(call.text, sizeof call.text, "%s", name);
    const struct answer answer = party_call(party, &call);
    *fence = (struct fence){party, (uint32_t)answer.value};
    return answer.result;
}

struct fence named_fence(struct party *party, bool signalled, const char *name)
{
    struct fence fence;
    must(try_named_fence(party, signalled, name, &fence));
    return fence;
}

void destroy(struct fence fence)
{
    call_on(fence, (struct call){.op = OP_DESTROY});
}

static bool is_nt(void)
{
    return subject_type == VK_EXTERNAL_FENCE_HANDLE_TYPE_OPAQUE_WIN32_BIT;
}

VkResult try_export(struct fence fence, uint64_t *handle)
{
    const struct answer answer = call_on(fence, (struct call){.op = OP_EXPORT, .type = subject_type});
    *handle = answer.value;
    return answer.result;
}

uint64_t export_handle(struct fence fence)
{
    uint64_t handle;
    must(try_export(fence, &handle));
    return handle;
}

void close_handle(struct party *party, uint64_t handle)
{
    if (is_nt())
        party_call(party, &(struct call){.op = OP_CLOSE, .value = handle});
}

uint64_t carry(struct party *from, uint64_t handle, struct party *to)
{
    if (!is_nt() || from->child == to->child)
        return handle;
    if (!from->child)
        return ntf_child_give_handle(to->child, handle);
    party_call(from, &(struct call){.op = OP_CARRY, .value = handle});
    return carry_in(from->child, handle);
}

VkResult try_import(struct fence fence, uint64_t handle, const char *name, VkFenceImportFlags flags)
{
    struct call call = {.op = OP_IMPORT, .flags = flags, .type = subject_type, .value = handle};
    snprintf(call.text, sizeof call.text, "%s", name ? name : "");
    return call_on(fence, call).result;
}

void import_handle(struct fence fence, uint64_t handle, VkFenceImportFlags flags)
{
    must(try_import(fence, handle, NULL, flags));
}

void transfer(struct fence from, struct fence to, VkFenceImportFlags flags)
{
    const uint64_t handle = export_handle(from), carried = carry(from.party, handle, to.party);
    import_handle(to, carried, flags);
    close_handle(to.party, carried);
    if (from.party->child != to.party->child)
        close_handle(from.party, handle);
}

struct fence sharer(struct fence of, struct party *at, VkFenceImportFlags flags)
{
    const struct fence fence = plain_fence(at, false);
    transfer(of, fence, flags);
    return fence;
}

VkResult status(struct fence fence)
{
    return call_on(fence, (struct call){.op = OP_STATUS}).result;
}

// Numbers of fences of one party.
static void list_fences(char text[SITE_TEXT], uint32_t count, const struct fence *fences)
{
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_ptr_equal(fences[i].party, fences[0].party);
        length += (size_t)snprintf(text + length, SITE_TEXT - length, "%" PRIu32 " ", fences[i].number);
        assert_in_range(length, 1, SITE_TEXT - 1);
    }
}

VkResult wait_many(uint32_t count, const struct fence *fences, bool all, uint64_t timeout_ns)
{
    struct call call = {.op = OP_WAIT, .flags = all, .value = timeout_ns};
    list_fences(call.text, count, fences);
    return party_call(fences[0].party, &call).result;
}

VkResult wait_for(struct fence fence, uint64_t timeout_ns)
{
    return wait_many(1, &fence, true, timeout_ns);
}

void await(struct fence fence)
{
    must(wait_for(fence, UINT64_MAX));
}

void await_begin(struct fence fence)
{
    struct call call = {.op = OP_WAIT, .flags = true, .value = UINT64_MAX};
    list_fences(call.text, 1, &fence);
    party_begin(fence.party, &call);
}

void await_end(struct party *party)
{
    must(party_end(party).result);
}

void expect(struct fence fence, bool signalled)
{
    assert_int_equal(status(fence), signalled ? VK_SUCCESS : VK_NOT_READY);
    assert_int_equal(wait_for(fence, 0), signalled ? VK_SUCCESS : VK_TIMEOUT);
}

void expect_all(uint32_t count, const struct fence *fences, bool signalled)
{
    for (uint32_t i = 0; i < count; i++)
        expect(fences[i], signalled);
}

void reset_many(uint32_t count, const struct fence *fences)
{
    struct call call = {.op = OP_RESET};
    list_fences(call.text, count, fences);
    must(party_call(fences[0].party, &call).result);
}

void reset(struct fence fence)
{
    reset_many(1, &fence);
}

VkResult try_submit(struct fence fence, enum submission kind)
{
    return call_on(fence, (struct call){.op = OP_SUBMIT, .type = (uint32_t)kind}).result;
}

void submit(struct fence fence)
{
    must(try_submit(fence, SUBMIT_NOTHING));
}

bool can_submit(struct party *party, enum submission kind)
{
    return party_call(party, &(struct call){.op = OP_CAN, .type = (uint32_t)kind}).value != 0;
}

void idle(struct party *party, enum idle kind)
{
    must(party_call(party, &(struct call){.op = OP_IDLE, .type = (uint32_t)kind}).result);
}

void hold(struct party *party)
{
    must(party_call(party, &(struct call){.op = OP_HOLD, .fence = NO_FENCE}).result);
}

void hold_with(struct fence held)
{
    must(call_on(held, (struct call){.op = OP_HOLD}).result);
}

void release(struct party *party)
{
    must(party_call(party, &(struct call){.op = OP_RELEASE}).result);
}
