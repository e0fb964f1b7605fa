// SPDX-License-Identifier: Apache-2.0
/* The threads of a process, from /proc; and a body of code one instruction after another. */
#include "machine.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

static bool read_line(const char *path, const char *key, uint64_t *value)
{
    char line[256];
    bool found = false;
    FILE *file = fopen(path, "r");

    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%" SCNu64, value) == 1;
    if (file)
        fclose(file);
    return found;
}

static void read_name(const char *path, char *name, size_t size)
{
    FILE *file = fopen(path, "r");

    name[0] = '\0';
    if (file && fgets(name, (int)size, file))
        name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
}

static bool read_task(const char *folder, struct machine_task *task)
{
    uint64_t wanted, forced;
    char path[700];

    snprintf(path, sizeof path, "%s/status", folder);
    if (!read_line(path, "voluntary_ctxt_switches:", &wanted) ||
        !read_line(path, "nonvoluntary_ctxt_switches:", &forced))
        return false;
    task->switches = wanted + forced;
    snprintf(path, sizeof path, "%s/comm", folder);
    read_name(path, task->name, sizeof task->name);
    snprintf(path, sizeof path, "%s/schedstat", folder);
    return read_line(path, "", &task->cpu_ns);
}

unsigned machine_tasks(uint32_t process, struct machine_task *tasks, unsigned room)
{
    char folder[300];
    unsigned count = 0;

    snprintf(folder, sizeof folder, "/proc/%u/task", (unsigned)process);
    DIR *list = opendir(folder);
    for (struct dirent *entry; list && count < room && (entry = readdir(list));) {
        char path[sizeof folder + sizeof entry->d_name + 2];
        tasks[count].id = (uint32_t)strtoul(entry->d_name, NULL, 10);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (tasks[count].id != 0 && read_task(path, &tasks[count]))
            count++;
    }
    if (list)
        closedir(list);
    return count;
}

// ---- one instruction after another

#if defined(__x86_64__)
static struct {
    uint64_t *places;
    unsigned count, room;
} trace;

static void step(int number, siginfo_t *info, void *context)
{
    const ucontext_t *at = context;

    (void)number;
    (void)info;
    if (trace.count < trace.room)
        trace.places[trace.count] = (uint64_t)at->uc_mcontext.gregs[REG_RIP];
    trace.count++;
}

unsigned machine_trace(void (*body)(void *), void *context, uint64_t *places, unsigned room)
{
    struct sigaction action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO}, before;

    trace.places = places;
    trace.room = room;
    trace.count = 0;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTRAP, &action, &before);
    // The trap flag: a trap behind each instruction until it is taken away. Below the red zone, since this pushes.
    __asm__ volatile("sub $128, %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp" ::: "memory", "cc");
    body(context);
    __asm__ volatile("sub $128, %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tadd $128, %%rsp" ::
                         : "memory", "cc");
    sigaction(SIGTRAP, &before, NULL);
    return trace.count;
}

bool machine_is_system_call(uint64_t place)
{
    return memcmp((const void *)(uintptr_t)place, "\x0F\x05", 2) == 0;
}
#else
bool machine_is_system_call(uint64_t place)
{
    (void)place;
    return false;
}

unsigned machine_trace(void (*body)(void *), void *context, uint64_t *places, unsigned room)
{
    (void)body;
    (void)context;
    (void)places;
    (void)room;
    return 0;
}
#endif
