// SPDX-License-Identifier: Apache-2.0
// What every command does first and last: it is counted, judged, and asked for the test's orders.
#include "driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- violations

void violation(const struct call *call, const char *word, const char *rule, const char *format, ...)
{
    char text[600];
    va_list arguments;
    int length = snprintf(text, sizeof text, "%s: %s: ", word, call ? command_name(call->command) : "-");

    va_start(arguments, format);
    length += vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
    va_end(arguments);
    if (rule[0])
        snprintf(text + length, sizeof text - (size_t)length, " (VUID-%s)", rule);
    // By these two words a run is known to have failed, whatever its program says.
    if (!state.options[FAKE_QUIET])
        fprintf(stderr, "fake driver: Validation Error: %s\n", text);
    state.violation_count++;
    if (state.violations_kept == VIOLATIONS_MAX)
        return;
    char *copy = malloc(strlen(text) + 1);
    if (!copy)
        give_up("out of memory");
    strcpy(copy, text);
    state.violations[state.violations_kept++] = copy;
}

// ---- begin and end

static void begin(struct call *call, enum command command)
{
    struct command_state *mine = &state.commands[command];

    memset(call, 0, sizeof *call);
    call->command = command;
    call->uses = call->few;
    call->use_room = USES_MAX;
    call->record.result = VK_RESULT_MAX_ENUM;
    mine->calls++;
    mine->inside++;
    mine->has_last = true;
    memset(&mine->last, 0, sizeof mine->last);
    mine->last.result = VK_RESULT_MAX_ENUM;
    if (state.awaiting)
        state_changed();
}

static bool enter_device(struct call *call, struct device *device, const void *handle)
{
    if (!device || !device->object.live) {
        violation(call, "device-unknown", "", "device %p %s", handle, device ? "is destroyed" : "was never made");
        return false;
    }
    call->device = device;
    call->record.device = HANDLE_OF(VkDevice, device);
    device->inside++;
    return true;
}

bool call_begin_instance(struct call *call, enum command command)
{
    state_lock();
    begin(call, command);
    return true;
}

bool call_begin(struct call *call, enum command command, VkDevice device)
{
    state_lock();
    begin(call, command);
    return enter_device(call, object_find(NUMBER(device), KIND_DEVICE), device);
}

bool call_begin_queue(struct call *call, enum command command, VkQueue handle)
{
    struct queue *queue;

    state_lock();
    begin(call, command);
    queue = object_find(NUMBER(handle), KIND_QUEUE);
    if (!queue || !queue->object.device->object.live) {
        violation(call, "queue-unknown", "", "queue %p is of no live device", (void *)handle);
        return false;
    }
    // All host access to a queue has to be synchronised by the application, but for those made to need none.
    if (queue->object.uses && !queue->internally_synchronised)
        violation(call, "queue-threads", "", "another thread is in a command with queue %p", (void *)handle);
    queue->object.uses++;
    call->queue = queue;
    call->record.queue = handle;
    return enter_device(call, queue->object.device, queue->object.device);
}

static void drop_uses(struct call *call)
{
    for (unsigned i = 0; i < call->use_count; i++) {
        struct fence *fence = call->uses[i].fence;
        fence->object.uses--;
        if (call->uses[i].alone && fence->alone == call)
            fence->alone = NULL;
    }
    if (call->uses != call->few)
        free(call->uses);
}

VkResult call_end(struct call *call, VkResult result)
{
    struct command_state *mine = &state.commands[call->command];

    drop_uses(call);
    if (call->queue)
        call->queue->object.uses--;
    if (call->device)
        call->device->inside--;
    call->record.result = result;
    mine->last = call->record;
    mine->inside--;
    if (state.awaiting || (call->device && call->device->ending))
        state_changed();
    state_unlock();
    return result;
}

// ---- orders

static VkResult ask(fake_callback callback, void *context, enum command command)
{
    VkResult result;

    state_unlock();
    result = callback(context, command_name(command));
    state_lock();
    return result;
}

VkResult call_order(struct call *call)
{
    struct command_state *mine = &state.commands[call->command];
    VkResult result = VK_SUCCESS;

    mine->last = call->record; // for who looks while the command is held up
    if (mine->callback)
        result = ask(mine->callback, mine->context, call->command);
    else if (state.callback)
        result = ask(state.callback, state.context, call->command);
    if (result == VK_SUCCESS && mine->order.count) {
        const unsigned number = ++mine->order.seen;
        if (number >= mine->order.first && number - mine->order.first < mine->order.count)
            result = mine->order.result;
    }
    if (result == VK_ERROR_DEVICE_LOST && call->device)
        device_lose(call->device);
    return result;
}

VkResult call_order_or_lost(struct call *call)
{
    const VkResult result = call_order(call);

    return call->device->lost ? VK_ERROR_DEVICE_LOST : result;
}

// ---- what commands take

static void add_use(struct call *call, struct fence *fence, bool alone)
{
    if (call->use_count == call->use_room) {
        struct use *more = malloc(2 * call->use_room * sizeof *more);
        if (!more)
            give_up("out of memory");
        memcpy(more, call->uses, call->use_count * sizeof *more);
        if (call->uses != call->few)
            free(call->uses);
        call->uses = more;
        call->use_room *= 2;
    }
    call->uses[call->use_count++] = (struct use){fence, alone};
}

static void note_fence(struct call *call, VkFence handle)
{
    struct fake_call *record = &call->record;

    if (!record->fence)
        record->fence = handle;
    if (record->fence_count < sizeof record->fences / sizeof *record->fences)
        record->fences[record->fence_count] = handle;
    record->fence_count++;
}

struct fence *call_fence(struct call *call, VkFence handle, bool alone)
{
    struct fence *fence = object_find(NUMBER(handle), KIND_FENCE);

    note_fence(call, handle);
    if (!fence || !fence->object.live) {
        violation(call, "fence-unknown", "", "fence 0x%llx %s", (unsigned long long)NUMBER(handle),
                  fence ? "is destroyed" : "was never made");
        return NULL;
    }
    if (fence->object.device != call->device) {
        violation(call, "fence-device", "", "fence 0x%llx is another device's", (unsigned long long)NUMBER(handle));
        return NULL;
    }
    // Host access to the fence has to be synchronised in every command but the queries and waits.
    if ((alone && fence->object.uses && fence->alone != call) || (fence->alone && fence->alone != call))
        violation(call, "fence-threads", "", "another thread is in a command with fence 0x%llx",
                  (unsigned long long)NUMBER(handle));
    fence->object.uses++;
    if (alone)
        fence->alone = call;
    add_use(call, fence, alone);
    return fence;
}

void *call_object(struct call *call, uint64_t handle, enum kind kind)
{
    struct object *object = object_find(handle, kind);

    if (object && object->live && (!object->device || object->device == call->device))
        return object;
    violation(call, "object", "", "%s 0x%llx %s", kind_name(kind), (unsigned long long)handle,
              !object ? "was never made" : object->live ? "is another device's" : "is destroyed");
    return NULL;
}

// ---- chains

enum { CHAIN_MAX = 64 };

static bool is_enabled(const struct call *call, enum extension extension)
{
    return call->device && (call->device->extensions & UINT64_C(1) << extension);
}

// The words that a driver without the extension has no dictionary for.
static void judge_type(struct call *call, VkStructureType type)
{
    const bool win32 = type == VK_STRUCTURE_TYPE_EXPORT_FENCE_WIN32_HANDLE_INFO_KHR ||
                       type == VK_STRUCTURE_TYPE_IMPORT_FENCE_WIN32_HANDLE_INFO_KHR ||
                       type == VK_STRUCTURE_TYPE_FENCE_GET_WIN32_HANDLE_INFO_KHR;

    if ((unsigned)type - NTFENCE_STRUCTURE_TYPE_PROVISIONAL_BASE < 1000)
        violation(call, "chain", "", "a structure of layer/ntfence.h, type %u", (unsigned)type);
    if (win32 && !is_enabled(call, EXT_KHR_external_fence_win32))
        violation(call, "chain", "", "a structure of VK_KHR_external_fence_win32, type %u", (unsigned)type);
    if (type == VK_STRUCTURE_TYPE_SWAPCHAIN_PRESENT_FENCE_INFO_EXT &&
        !is_enabled(call, EXT_EXT_swapchain_maintenance1) && !is_enabled(call, EXT_KHR_swapchain_maintenance1))
        violation(call, "chain", "VkPresentInfoKHR-pNext-pNext", "VkSwapchainPresentFenceInfo without the extension");
}

void call_chain(struct call *call, const void *next)
{
    struct fake_call *record = &call->record;
    unsigned length = 0;

    for (const VkBaseInStructure *node = next; node; node = node->pNext) {
        if (length++ == CHAIN_MAX)
            give_up("a chain without end");
        if (record->type_count < sizeof record->types / sizeof *record->types)
            record->types[record->type_count] = node->sType;
        record->type_count++;
        judge_type(call, node->sType);
    }
}

const void *chain_find(const void *next, VkStructureType type)
{
    for (const VkBaseInStructure *node = next; node; node = node->pNext)
        if (node->sType == type)
            return node;
    return NULL;
}
