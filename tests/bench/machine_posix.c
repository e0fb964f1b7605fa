// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../demo/report.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
enum { WORDS_MAX = 128, WORD_32 = 2, WORD_PRIVATE = 128 };

// As it was when the program started: threads bind themselves later.
static cpu_set_t allowed;
static unsigned allowed_count;

unsigned machine_cpus(void)
{
    if (allowed_count == 0) {
        sched_getaffinity(0, sizeof allowed, &allowed);
        allowed_count = (unsigned)CPU_COUNT(&allowed);
    }
    return allowed_count;
}

void machine_pin(unsigned index)
{
    cpu_set_t set = allowed;

    if (index < machine_cpus()) {
        unsigned seen = 0;
        CPU_ZERO(&set);
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
            if (CPU_ISSET(cpu, &allowed) && seen++ == index)
                CPU_SET(cpu, &set);
        }
    }
    sched_setaffinity(0, sizeof set, &set);
}

static uint64_t clock_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t machine_thread_cpu_ns(void)
{
    return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t machine_process_cpu_ns(void)
{
    return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

void machine_yield(void)
{
    sched_yield();
}

void machine_sleep_until(uint64_t deadline_ns)
{
    struct timespec at = {.tv_sec = (time_t)(deadline_ns / 1000000000u), .tv_nsec = (long)(deadline_ns % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

void machine_timer(bool fine)
{
    prctl(PR_SET_TIMERSLACK, fine ? 1ul : 0ul);
}

// ---- threads

struct machine_thread {
    pthread_t thread;
    void (*body)(void *);
    void *context;
};

static void *thread_main(void *argument)
{
    struct machine_thread *thread = argument;
    machine_pin(MACHINE_ANY);
    thread->body(thread->context);
    return NULL;
}

struct machine_thread *machine_thread_start(void (*body)(void *), void *context)
{
    struct machine_thread *thread = malloc(sizeof *thread);

    if (thread)
        *thread = (struct machine_thread){.body = body, .context = context};
    if (!thread || pthread_create(&thread->thread, NULL, thread_main, thread) != 0)
        die("a thread could not be started");
    return thread;
}

void machine_thread_join(struct machine_thread *thread)
{
    pthread_join(thread->thread, NULL);
    free(thread);
}

// ---- words

void machine_word_wait(ntf_au32 *word, uint32_t seen, bool shared)
{
    syscall(SYS_futex, word, shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

void machine_word_wake(ntf_au32 *word, bool all, bool shared)
{
    syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, all ? 0x7FFFFFFF : 1, NULL, NULL, 0);
}

struct waitv {
    uint64_t value, address;
    uint32_t flags, reserved;
};

bool machine_has_words(void)
{
    // Nothing to wait for: EINVAL from a system that knows the call.
    return syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0) == -1 && errno == EINVAL;
}

bool machine_words_wait(ntf_au32 *const *words, const uint32_t *seen, unsigned count, bool shared)
{
    struct waitv list[WORDS_MAX];

    for (unsigned i = 0; i < count; i++)
        list[i] = (struct waitv){.value = seen[i],
                                 .address = (uintptr_t)words[i],
                                 .flags = WORD_32 | (shared ? 0u : (unsigned)WORD_PRIVATE)};
    return syscall(SYS_futex_waitv, list, count, 0, NULL, 0) >= 0 || errno != ENOSYS;
}

struct machine_event *machine_event_open(const char *name)
{
    (void)name;
    return NULL;
}

void machine_event_set(struct machine_event *event)
{
    (void)event;
}

void machine_event_wait(struct machine_event *event)
{
    (void)event;
}

struct machine_condition {
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

struct machine_condition *machine_condition_new(void)
{
    struct machine_condition *condition = malloc(sizeof *condition);

    if (!condition)
        die("out of memory");
    pthread_mutex_init(&condition->lock, NULL);
    pthread_cond_init(&condition->wake, NULL);
    return condition;
}

void machine_condition_lock(struct machine_condition *condition)
{
    pthread_mutex_lock(&condition->lock);
}

void machine_condition_unlock(struct machine_condition *condition)
{
    pthread_mutex_unlock(&condition->lock);
}

void machine_condition_wait(struct machine_condition *condition)
{
    pthread_cond_wait(&condition->wake, &condition->lock);
}

void machine_condition_wake_all(struct machine_condition *condition)
{
    pthread_cond_broadcast(&condition->wake);
}

// ---- processes and modules

void *machine_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void machine_many_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool machine_module_of(uint64_t address, char *module, size_t size, uint64_t *offset)
{
    Dl_info info;

    if (!dladdr((void *)(uintptr_t)address, &info) || !info.dli_fname)
        return false;
    snprintf(module, size, "%s", info.dli_fname);
    *offset = address - (uintptr_t)info.dli_fbase;
    return true;
}

bool machine_place(void (*function)(void), char *module, size_t size, uint64_t *offset)
{
    uint64_t address = 0;

    memcpy(&address, &function, sizeof function);
    return machine_module_of(address, module, size, offset);
}

const char *machine_self(void)
{
    static char path[4096];

    if (!path[0] && readlink("/proc/self/exe", path, sizeof path - 1) < 0)
        die("/proc/self/exe cannot be read");
    return path;
}

void machine_end_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
}

void machine_child_kill(struct os_child *child)
{
    kill((pid_t)child->process, SIGKILL);
    waitpid((pid_t)child->process, NULL, 0);
}
