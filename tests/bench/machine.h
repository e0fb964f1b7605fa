// SPDX-License-Identifier: Apache-2.0
/* What the measuring programs ask of the system beyond ../demo/os.h; one implementation each for POSIX and Win32. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "../demo/os.h"
#include "base/atomic.h"

/* Processors that this process may use. */
unsigned machine_cpus(void);
/* Binds the calling thread to the i-th of them; MACHINE_ANY: to all. */
#define MACHINE_ANY (~0u)
void machine_pin(unsigned index);

uint64_t machine_thread_cpu_ns(void);
uint64_t machine_process_cpu_ns(void);
void machine_yield(void);
/* As exact as the system's timer can be made, without spinning. */
void machine_sleep_until(uint64_t deadline_ns);
void machine_timer(bool fine); /* of the calling thread; or as it was when the thread began */

struct machine_thread;
/* On any processor, whatever the caller is bound to. Ends the program if there can be none. */
struct machine_thread *machine_thread_start(void (*body)(void *), void *context);
void machine_thread_join(struct machine_thread *thread);

/* Sleeping on words. shared: of several processes (Windows has no such call: a sleep of a millisecond). */
void machine_word_wait(ntf_au32 *word, uint32_t seen, bool shared);
void machine_word_wake(ntf_au32 *word, bool all, bool shared);
/* futex_waitv over at most 128 words; false where there is no such call. */
bool machine_has_words(void);
bool machine_words_wait(ntf_au32 *const *words, const uint32_t *seen, unsigned count, bool shared);

/* A named event that resets itself, as Windows has them between processes; NULL elsewhere. */
struct machine_event;
struct machine_event *machine_event_open(const char *name);
void machine_event_set(struct machine_event *event);
void machine_event_wait(struct machine_event *event);

/* A condition variable with its lock. */
struct machine_condition;
struct machine_condition *machine_condition_new(void);
void machine_condition_lock(struct machine_condition *condition);
void machine_condition_unlock(struct machine_condition *condition);
void machine_condition_wait(struct machine_condition *condition);
void machine_condition_wake_all(struct machine_condition *condition);

/* Memory that begins a page, all zero and there; NULL without. */
void *machine_pages(size_t size);
/* As many open files as the system allows. */
void machine_many_files(void);
/* The module that a function lies in, and the function's distance from the module's start. */
bool machine_place(void (*function)(void), char *module, size_t size, uint64_t *offset);
/* This program's file. */
const char *machine_self(void);

/* The calling process is ended when the one that started it is gone. */
void machine_end_with_parent(void);
/* Ends a child that is of no more use, and waits for it. */
void machine_child_kill(struct os_child *child);

/* A thread as the system counts it. */
struct machine_task {
    uint32_t id;
    char name[16];
    uint64_t switches; /* context switches, wanted and not */
    uint64_t cpu_ns;
};
/* The threads of a process of the same user; 0: the system does not say. */
unsigned machine_tasks(uint32_t process, struct machine_task *tasks, unsigned room);

/*
 * Runs body one instruction after another and notes where each lies. Returns how many there were, at most room being
 * noted; 0 where there is no way to (x86-64 Linux has one).
 */
unsigned machine_trace(void (*body)(void *), void *context, uint64_t *places, unsigned room);
/* Whether the instruction there enters the system, whatever module it lies in. */
bool machine_is_system_call(uint64_t place);
/* The module of an address, as machine_place says it. */
bool machine_module_of(uint64_t address, char *module, size_t size, uint64_t *offset);

#endif
