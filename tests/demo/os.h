// SPDX-License-Identifier: Apache-2.0
/* What the two programs ask of the operating system. Text and paths are UTF-8 on both systems. */
#ifndef DEMO_OS_H
#define DEMO_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The program; os_posix.c and os_win32.c hold the main function that calls it. */
int demo_main(int argc, char **argv);

/* The same clock in every process. */
uint64_t os_now_ns(void);
void os_sleep_ms(unsigned ms);
/* Exact rather than cheap: may spin. */
void os_pause_until(uint64_t deadline_ns);

/* False if there is no such variable, or no room for it. */
bool os_getenv(const char *name, char *value, size_t size);
/* The Windows session, part of the path of a named object; 0 elsewhere. */
uint32_t os_session(void);
uint32_t os_process_id(void);
/* Ends the process without a word to anybody: the watchdog's way out. */
_Noreturn void os_exit_now(int status);
/* Runs body in a thread of its own, which nobody waits for. */
bool os_thread_start(void (*body)(void *), void *context);

struct os_library;
struct os_library *os_library_open(const char *path);
/* Windows: from the system folder only. Elsewhere there is no gdi32.dll: always NULL. */
struct os_library *os_library_open_gdi32(void);
/* A library in the folder of this program: name without prefix and suffix. */
struct os_library *os_library_open_beside(const char *name);
struct os_library *os_library_open_vulkan(void);
void (*os_library_symbol(struct os_library *library, const char *symbol))(void);
void os_library_close(struct os_library *library);
/* The file that the function lies in; false if the system does not say. */
bool os_library_file(void (*function)(void), char *path, size_t size);

/* A file as memory that processes share; NULL: errno or GetLastError says why (os_error). */
void *os_page_create(const char *path, size_t size);
void *os_page_open(const char *path, size_t *size);
const char *os_error(void);
/* An NT handle: CloseHandle, close. */
void os_handle_close(uint64_t handle);

/* A child that has the given handles (of this process; NT handles, descriptors) under the same
 * numbers, the standard streams, and no other. */
struct os_child {
    uint64_t process;
};
bool os_child_start(struct os_child *child, char *const argv[], const uint64_t *handles,
                    size_t count);
/* True when it has ended; *status is then its exit status, -1 after a signal. Ends a wait only
 * once. */
bool os_child_ended(struct os_child *child, int *status);

#endif
