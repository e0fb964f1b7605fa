/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What floor 0 asks of the operating system. One implementation in each of posix/ and win32/, under the same file
 * names (clock.c, park.c, thread.c, library.c, environment.c); meson picks the folder, no caller ever asks which.
 * Every function may be called from any thread unless it says otherwise. None uses thread-local storage.
 */
#ifndef NTF_BASE_OS_OS_H
#define NTF_BASE_OS_OS_H

#include "base/atomic.h"
#include "base/result.h"

/* ---- clock.c ---- */

/* A clock that never goes back and does not stop for settings of the date. Never 0. */
uint64_t ntf_os_now_ns(void);

/* ---- park.c: sleeping on a word of this process ---- */

/* Sleeps while *word == expected, until deadline_ns at the longest. Returns at once if it differs already. Every
 * return may be spurious: the caller reads again. deadline_ns NTF_FOREVER never ends by itself.
 * Returns NTF_TIMEOUT only if the deadline has passed, else NTF_OK. */
enum ntf_result ntf_os_park(ntf_au32 *word, uint32_t expected, uint64_t deadline_ns);
/* Wakes every thread parked on the word. The word must have been changed before, with release order or stronger. */
void ntf_os_unpark_all(ntf_au32 *word);

/* ---- base/lock.c: on every system the same, since it stands on park ---- */

/* A lock for short sections that never wait for anything else. Zero is unlocked; there is nothing to destroy. */
struct ntf_lock {
    ntf_au32 state; /* 0 free, 1 held, 2 held with sleepers */
};
void ntf_lock_init(struct ntf_lock *lock);
void ntf_lock_take(struct ntf_lock *lock);
void ntf_lock_drop(struct ntf_lock *lock);

/* ---- thread.c ---- */

struct ntf_thread;
/* Starts a thread that runs body(context). The thread blocks every signal (POSIX) but those that its own instructions
 * raise (SIGSEGV, SIGSYS and their like), which would kill the process if blocked. name: at most 15 characters,
 * shown by debuggers. Before the first thread of a library starts, the library is pinned in the process
 * (ntf_os_pin_module): its code must not go away under a running thread.
 * NTF_E_NO_MEMORY when the system refuses either. */
enum ntf_result ntf_thread_start(struct ntf_thread **out, const char *name, void (*body)(void *), void *context);
/* Waits for its end and frees it. Never from a library's entry function or a destructor. */
void ntf_thread_join(struct ntf_thread *thread);
/* Lets it run on alone; it is freed when it ends. */
void ntf_thread_detach(struct ntf_thread *thread);

/* ---- library.c ---- */

struct ntf_library;
/* Opens a library of the system: on Windows by file name from the system folder only, elsewhere by the dynamic
 * linker's own search. NULL if there is none. */
struct ntf_library *ntf_library_open_system(const char *file_name);
/* Opens the file with this absolute path (UTF-8). NULL if that fails. */
struct ntf_library *ntf_library_open_path(const char *path);
/* The address of an exported function, NULL if there is none. */
void (*ntf_library_symbol(struct ntf_library *library, const char *symbol))(void);
void ntf_library_close(struct ntf_library *library);
/* Keeps the module that holds this very function loaded until the process ends. Idempotent. False if the system
 * refuses: it may be asked again. */
bool ntf_os_pin_module(void);

/* ---- environment.c ---- */

/* Copies the value of an environment variable (UTF-8) into buffer, always terminated.
 * Returns its length in bytes without the terminator, which may be above size_bytes - 1 (then it was cut), or -1 if
 * the variable does not exist. */
int ntf_os_getenv(const char *name, char *buffer, size_t size_bytes);
/* True when this process runs with more rights than the user who started it could hand to it by variables
 * (set-user-id, file capabilities, a high-integrity token). Wine calls every process elevated: under Wine, false.
 * Cached after the first call. */
bool ntf_os_elevated(void);
/* Fills buffer with random bytes that another process cannot guess. False if the system has none to give. */
bool ntf_os_random(void *buffer, size_t size_bytes);
/* Gives one line of text, without its newline, to where a person looks: the debugger on Windows, stderr elsewhere. */
void ntf_os_say(const char *line);
/* Appends one line to a file (path in UTF-8), created with rights for its owner only, by a single write. */
void ntf_os_append_line(const char *path, const char *line);

#endif /* NTF_BASE_OS_OS_H */
