// SPDX-License-Identifier: Apache-2.0
// The lock, the list of what is listed, and what the variables say.
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state state;

_Noreturn void give_up(const char *why)
{
    fprintf(stderr, "fake driver: %s\n", why);
    abort();
}

// ---- names

struct extension_row {
    const char *name;
    bool of_instance, listed;
};
static const struct extension_row extensions[] = {
#define ROW(name, version, of_instance, listed) {"VK_" #name, of_instance, listed},
    FAKE_EXTENSIONS(ROW)
#undef ROW
};

static const char *const command_names[] = {
#define ROW(Name, level, version, extension) "vk" #Name,
    FAKE_COMMANDS(ROW)
#undef ROW
};
static const struct {
    const char *name;
    enum command command;
} aliases[] = {
#define ROW(Name, First, extension) {"vk" #Name, CMD_##First},
    FAKE_ALIASES(ROW)
#undef ROW
};

const char *command_name(enum command command)
{
    return command_names[command];
}

enum command command_by_name(const char *name)
{
    for (unsigned i = 0; i < COMMANDS; i++)
        if (strcmp(command_names[i], name) == 0)
            return (enum command)i;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, name) == 0)
            return aliases[i].command;
    return COMMANDS;
}

const char *extension_name(enum extension extension)
{
    return extensions[extension].name;
}

enum extension extension_by_name(const char *name)
{
    for (unsigned i = 0; i < EXTENSIONS; i++)
        if (strcmp(extensions[i].name, name) == 0)
            return (enum extension)i;
    return EXTENSIONS;
}

bool extension_of_instance(enum extension extension)
{
    return extensions[extension].of_instance;
}

bool extension_listed(enum extension extension)
{
    return (state.listed & UINT64_C(1) << extension) != 0;
}

// ---- the variables

// Calls each for every part of the variable's value, cut at the commas.
static void for_parts(const char *variable, void (*each)(char *part))
{
    char text[1024];
    const int length = ntf_os_getenv(variable, text, sizeof text);

    if (length >= (int)sizeof text)
        give_up("a variable is too long");
    if (length <= 0)
        return;
    for (char *part = strtok(text, ","); part; part = strtok(NULL, ","))
        each(part);
}

static void each_extension(char *part)
{
    const enum extension extension = extension_by_name(part + 1);

    if ((part[0] != '+' && part[0] != '-') || extension == EXTENSIONS)
        give_up("NTF_FAKE_EXTENSIONS: no such extension, or neither + nor - before it");
    if (part[0] == '+')
        state.listed |= UINT64_C(1) << extension;
    else
        state.listed &= ~(UINT64_C(1) << extension);
}

static void each_option(char *part)
{
    static const char *const names[FAKE_OPTIONS] = {
        [FAKE_IMMEDIATE] = "immediate", [FAKE_REUSE] = "reuse",
        [FAKE_SYNC_FD_SIGNALLED] = "sync_fd_signalled", [FAKE_NATIVE_WORKS] = "native_works", [FAKE_QUIET] = "quiet"};

    for (unsigned i = 0; i < FAKE_OPTIONS; i++)
        if (strcmp(names[i], part) == 0) {
            state.options[i] = true;
            return;
        }
    give_up("NTF_FAKE_OPTIONS: no such option");
}

static void each_order(char *part)
{
    char name[64];
    struct order order = {0};
    int result;

    if (sscanf(part, "%63[^:]:%u:%u:%d", name, &order.first, &order.count, &result) != 4 ||
        command_by_name(name) == COMMANDS)
        give_up("NTF_FAKE_FAIL: not COMMAND:FIRST:COUNT:RESULT");
    order.result = (VkResult)result;
    state.commands[command_by_name(name)].order = order;
}

static void each_version(char *part)
{
    unsigned major, minor;

    if (sscanf(part, "%u.%u", &major, &minor) != 2)
        give_up("NTF_FAKE_API: not MAJOR.MINOR");
    state.version = VK_MAKE_API_VERSION(0, major, minor, 0);
}

void violations_forget(void)
{
    while (state.violations_kept)
        free(state.violations[--state.violations_kept]);
    state.violation_count = 0;
}

void state_restore(void)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        state.commands[i].order = (struct order){0};
        state.commands[i].callback = NULL;
        state.commands[i].calls = 0;
        state.commands[i].has_last = false;
    }
    state.callback = NULL;
    memset(state.options, 0, sizeof state.options);
    state.hold_queues = state.hold_acquires = state.hold_presents = state.starve = false;
    violations_forget();
    state.listed = 0;
    for (unsigned i = 0; i < EXTENSIONS; i++)
        state.listed |= (uint64_t)extensions[i].listed << i;
    state.version = VK_API_VERSION_1_3;
    for_parts("NTF_FAKE_API", each_version);
    for_parts("NTF_FAKE_EXTENSIONS", each_extension);
    for_parts("NTF_FAKE_OPTIONS", each_option);
    for_parts("NTF_FAKE_FAIL", each_order);
}

// ---- the lock

void state_lock(void)
{
    ntf_lock_take(&state.lock);
    if (!state.ready) {
        state.ready = true;
        state_restore();
    }
}

void state_unlock(void)
{
    ntf_lock_drop(&state.lock);
}

void state_changed(void)
{
    ntf_fetch_add(&state.beat, 1, NTF_RELEASE);
    ntf_os_unpark_all(&state.beat);
}

bool state_wait(uint64_t deadline_ns)
{
    const uint32_t beat = ntf_load(&state.beat, NTF_RELAXED);

    state_unlock();
    const enum ntf_result result = ntf_os_park(&state.beat, beat, deadline_ns);
    state_lock();
    return result != NTF_TIMEOUT;
}
