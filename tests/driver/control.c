// SPDX-License-Identifier: Apache-2.0
// What a test tells the driver, and asks it.
#include "control.h"

#include <stdlib.h>
#include <string.h>

enum { AWAIT_NS = 30 }; // seconds

static enum command must_command(const char *name)
{
    const enum command command = command_by_name(name);

    if (command == COMMANDS)
        give_up(name);
    return command;
}

// ---- the judge

static unsigned violations(void)
{
    state_lock();
    const unsigned count = state.violation_count;
    state_unlock();
    return count;
}

static unsigned violations_of(const char *word)
{
    const size_t length = strlen(word);
    unsigned count = 0;

    state_lock();
    for (unsigned i = 0; i < state.violations_kept; i++)
        count += strncmp(state.violations[i], word, length) == 0 && state.violations[i][length] == ':';
    state_unlock();
    return count;
}

static const char *violation_text(unsigned i)
{
    state_lock();
    const char *text = i < state.violations_kept ? state.violations[i] : NULL;
    state_unlock();
    return text;
}

static void violations_clear(void)
{
    state_lock();
    violations_forget();
    state_unlock();
}

// ---- failures

static void order(const char *command, unsigned first, unsigned count, VkResult result)
{
    state_lock();
    state.commands[must_command(command)].order = (struct order){first, count, 0, result};
    state_unlock();
}

static void on_call(const char *command, fake_callback callback, void *context)
{
    state_lock();
    if (command) {
        state.commands[must_command(command)].callback = callback;
        state.commands[must_command(command)].context = context;
    } else {
        state.callback = callback;
        state.context = context;
    }
    state_unlock();
}

static void order_nothing(void)
{
    state_lock();
    for (unsigned i = 0; i < COMMANDS; i++) {
        state.commands[i].order = (struct order){0};
        state.commands[i].callback = NULL;
    }
    state.callback = NULL;
    state_unlock();
}

struct device *control_device(VkDevice handle)
{
    struct device *device = object_find(NUMBER(handle), KIND_DEVICE);

    if (handle && (!device || !device->object.live))
        give_up("a test names a device that is not live");
    return device;
}

static void lose(VkDevice handle)
{
    state_lock();
    struct device *one = control_device(handle);
    for (struct device *device = state.devices; device; device = device->next)
        if (!one || device == one)
            device_lose(device);
    state_unlock();
}

// ---- what has happened

static unsigned calls(const char *command)
{
    state_lock();
    const unsigned count = state.commands[must_command(command)].calls;
    state_unlock();
    return count;
}

static void calls_clear(void)
{
    state_lock();
    for (unsigned i = 0; i < COMMANDS; i++) {
        state.commands[i].calls = 0;
        state.commands[i].has_last = false;
    }
    state_unlock();
}

static bool last(const char *command, struct fake_call *out)
{
    state_lock();
    const struct command_state *of = &state.commands[must_command(command)];
    const bool has = of->has_last;
    if (has)
        *out = of->last;
    state_unlock();
    return has;
}

static unsigned inside(const char *command)
{
    state_lock();
    const unsigned count = state.commands[must_command(command)].inside;
    state_unlock();
    return count;
}

static bool await(const unsigned *number, unsigned count)
{
    const uint64_t deadline_ns = ntf_os_now_ns() + UINT64_C(1000000000) * AWAIT_NS;
    bool in_time = true;

    state.awaiting++;
    while (*number < count && in_time)
        in_time = state_wait(deadline_ns);
    state.awaiting--;
    return *number >= count;
}

static bool await_calls(const char *command, unsigned count)
{
    state_lock();
    const bool came = await(&state.commands[must_command(command)].calls, count);
    state_unlock();
    return came;
}

static bool await_inside(const char *command, unsigned count)
{
    state_lock();
    const bool came = await(&state.commands[must_command(command)].inside, count);
    state_unlock();
    return came;
}

static unsigned count_fences(VkDevice handle, bool pending)
{
    unsigned count = 0;

    state_lock();
    struct device *one = control_device(handle);
    for (struct device *device = state.devices; device; device = device->next)
        for (struct object *object = device->objects; object; object = object->next_of_device)
            if (object->live && object->kind == KIND_FENCE && (!one || one == device))
                count += !pending || ((struct fence *)object)->pending;
    state_unlock();
    return count;
}

static unsigned fences_live(VkDevice device)
{
    return count_fences(device, false);
}

static unsigned fences_pending(VkDevice device)
{
    return count_fences(device, true);
}

static unsigned fence_state(VkDevice device, VkFence handle)
{
    unsigned flags = 0;

    state_lock();
    const struct fence *fence = object_find(NUMBER(handle), KIND_FENCE);
    if (fence && fence->object.live && (!device || fence->object.device == control_device(device)))
        flags = FAKE_FENCE_LIVE | (fence_active(fence)->signalled ? FAKE_FENCE_SIGNALLED : 0) |
                (fence->pending ? FAKE_FENCE_PENDING : 0) | (fence->object.uses ? FAKE_FENCE_INSIDE : 0);
    state_unlock();
    return flags;
}

// ---- what it is

static void extension(const char *name, bool listed)
{
    const enum extension which = extension_by_name(name);

    if (which == EXTENSIONS)
        give_up(name);
    state_lock();
    if (listed)
        state.listed |= UINT64_C(1) << which;
    else
        state.listed &= ~(UINT64_C(1) << which);
    state_unlock();
}

static void option(enum fake_option which, bool on)
{
    state_lock();
    state.options[which] = on;
    state_unlock();
}

static void api_version(uint32_t version)
{
    state_lock();
    state.version = version;
    state_unlock();
}

static void restore(void)
{
    state_lock();
    state_restore();
    state_unlock();
}

const struct fake *control(void)
{
    static const struct fake table = {
        .size = sizeof(struct fake),
        .violations = violations,
        .violations_of = violations_of,
        .violation = violation_text,
        .violations_clear = violations_clear,
        .order = order,
        .on_call = on_call,
        .order_nothing = order_nothing,
        .device_lose = lose,
        .calls = calls,
        .calls_clear = calls_clear,
        .last = last,
        .inside = inside,
        .await_calls = await_calls,
        .await_inside = await_inside,
        .fences_live = fences_live,
        .fences_pending = fences_pending,
        .fence_state = fence_state,
        .queue_hold = control_queue_hold,
        .queue_release = control_queue_release,
        .queue_step = control_queue_step,
        .queue_pending = control_queue_pending,
        .acquire_hold = control_acquire_hold,
        .acquire_release = control_acquire_release,
        .present_hold = control_present_hold,
        .present_release = control_present_release,
        .acquire_starve = control_acquire_starve,
        .events_fire = control_events_fire,
        .extension = extension,
        .option = option,
        .api_version = api_version,
        .restore = restore,
    };
    return &table;
}
