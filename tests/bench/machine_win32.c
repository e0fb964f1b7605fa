// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "../demo/report.h"

static DWORD_PTR allowed;

unsigned machine_cpus(void)
{
    DWORD_PTR system;
    unsigned count = 0;

    if (!allowed)
        GetProcessAffinityMask(GetCurrentProcess(), &allowed, &system);
    for (DWORD_PTR left = allowed; left; left &= left - 1)
        count++;
    return count;
}

void machine_pin(unsigned index)
{
    DWORD_PTR mask = allowed;

    if (index < machine_cpus()) {
        for (; index > 0; index--)
            mask &= mask - 1;
        mask &= ~(mask - 1);
    }
    SetThreadAffinityMask(GetCurrentThread(), mask);
}

static uint64_t of_filetime(FILETIME time)
{
    return ((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) * 100;
}

uint64_t machine_thread_cpu_ns(void)
{
    FILETIME begun, ended, kernel = {0}, user = {0};

    GetThreadTimes(GetCurrentThread(), &begun, &ended, &kernel, &user);
    return of_filetime(kernel) + of_filetime(user);
}

uint64_t machine_process_cpu_ns(void)
{
    FILETIME begun, ended, kernel = {0}, user = {0};

    GetProcessTimes(GetCurrentProcess(), &begun, &ended, &kernel, &user);
    return of_filetime(kernel) + of_filetime(user);
}

void machine_yield(void)
{
    SwitchToThread();
}

void machine_sleep_until(uint64_t deadline_ns)
{
    const uint64_t now = os_now_ns();

    // Milliseconds are all there are; what is left the caller spins.
    if (deadline_ns > now + 2000000)
        Sleep((DWORD)((deadline_ns - now) / 1000000) - 1);
    else
        SwitchToThread();
}

void machine_timer(bool fine)
{
    (void)fine;
}

// ---- threads

struct machine_thread {
    HANDLE thread;
    void (*body)(void *);
    void *context;
};

static DWORD WINAPI thread_main(void *argument)
{
    struct machine_thread *thread = argument;
    machine_pin(MACHINE_ANY);
    thread->body(thread->context);
    return 0;
}

struct machine_thread *machine_thread_start(void (*body)(void *), void *context)
{
    struct machine_thread *thread = malloc(sizeof *thread);

    if (!thread)
        die("out of memory");
    *thread = (struct machine_thread){.body = body, .context = context};
    thread->thread = CreateThread(NULL, 0, thread_main, thread, 0, NULL);
    if (!thread->thread)
        die("a thread could not be started");
    return thread;
}

void machine_thread_join(struct machine_thread *thread)
{
    WaitForSingleObject(thread->thread, INFINITE);
    CloseHandle(thread->thread);
    free(thread);
}

// ---- words

static volatile void *address_of(ntf_au32 *word)
{
    return (volatile void *)word;
}

void machine_word_wait(ntf_au32 *word, uint32_t seen, bool shared)
{
    if (shared)
        Sleep(1);
    else
        WaitOnAddress(address_of(word), &seen, sizeof seen, INFINITE);
}

void machine_word_wake(ntf_au32 *word, bool all, bool shared)
{
    (void)shared;
    if (all)
        WakeByAddressAll((void *)word);
    else
        WakeByAddressSingle((void *)word);
}

bool machine_has_words(void)
{
    return false;
}

bool machine_words_wait(ntf_au32 *const *words, const uint32_t *seen, unsigned count, bool shared)
{
    (void)words;
    (void)seen;
    (void)count;
    (void)shared;
    return false;
}

struct machine_event *machine_event_open(const char *name)
{
    return (struct machine_event *)CreateEventA(NULL, FALSE, FALSE, name);
}

void machine_event_set(struct machine_event *event)
{
    SetEvent((HANDLE)event);
}

void machine_event_wait(struct machine_event *event)
{
    WaitForSingleObject((HANDLE)event, INFINITE);
}

struct machine_condition {
    CRITICAL_SECTION lock;
    CONDITION_VARIABLE wake;
};

struct machine_condition *machine_condition_new(void)
{
    struct machine_condition *condition = malloc(sizeof *condition);

    if (!condition)
        die("out of memory");
    InitializeCriticalSection(&condition->lock);
    InitializeConditionVariable(&condition->wake);
    return condition;
}

void machine_condition_lock(struct machine_condition *condition)
{
    EnterCriticalSection(&condition->lock);
}

void machine_condition_unlock(struct machine_condition *condition)
{
    LeaveCriticalSection(&condition->lock);
}

void machine_condition_wait(struct machine_condition *condition)
{
    SleepConditionVariableCS(&condition->wake, &condition->lock, INFINITE);
}

void machine_condition_wake_all(struct machine_condition *condition)
{
    WakeAllConditionVariable(&condition->wake);
}

// ---- memory, processes and modules

void *machine_pages(size_t size)
{
    char *pages = VirtualAlloc(NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);

    if (pages)
        memset(pages, 0, size);
    return pages;
}

void machine_many_files(void)
{
}

bool machine_module_of(uint64_t address, char *module, size_t size, uint64_t *offset)
{
    HMODULE found;

    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (const wchar_t *)(uintptr_t)address, &found))
        return false;
    *offset = address - (uintptr_t)found;
    return GetModuleFileNameA(found, module, (DWORD)size) > 0;
}

bool machine_place(void (*function)(void), char *module, size_t size, uint64_t *offset)
{
    uintptr_t address;

    memcpy(&address, &function, sizeof address);
    return machine_module_of(address, module, size, offset);
}

const char *machine_self(void)
{
    static char path[4096];

    if (!path[0] && GetModuleFileNameA(NULL, path, sizeof path) == 0)
        die("the program does not know its file");
    return path;
}

// Windows ends nobody for that; who starts a child ends it.
void machine_end_with_parent(void)
{
}

void machine_child_kill(struct os_child *child)
{
    HANDLE process = (HANDLE)(uintptr_t)child->process;

    TerminateProcess(process, 1);
    WaitForSingleObject(process, INFINITE);
    CloseHandle(process);
}

unsigned machine_tasks(uint32_t process, struct machine_task *tasks, unsigned room)
{
    (void)process;
    (void)tasks;
    (void)room;
    return 0;
}

unsigned machine_trace(void (*body)(void *), void *context, uint64_t *places, unsigned room)
{
    (void)body;
    (void)context;
    (void)places;
    (void)room;
    return 0;
}

bool machine_is_system_call(uint64_t place)
{
    (void)place;
    return false;
}
