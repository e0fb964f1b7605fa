/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What soft asks of the operating system: shared memory with a kernel identity, names, liveness, wakes. One
 * implementation in each of posix/ and win32/, under the same file names (memory.c, bundle.c, names.c, numbers.c,
 * life.c, wake.c, clock.c).
 *
 * An NT handle is, on Windows and Wine, a handle of a section (so that DuplicateHandle, CloseHandle, inheritance
 * and descriptors are the system's); on Linux a file descriptor of a sealed memfd, its number carried in a HANDLE,
 * never below 3.
 */
#ifndef NTF_KMT_SOFT_OS_OS_H
#define NTF_KMT_SOFT_OS_OS_H

#include "base/result.h"
#include "kmt/d3dkmt.h"
#include "kmt/ntstatus.h"
#include "kmt/soft/page.h"

/* ---- memory.c: one page that processes can share ---- */

struct soft_memory {
    struct ntf_page *page; /* mapped read-write for the life of this */
    ntf_handle handle;     /* this copy's own handle of it; never given to a caller as it is */
    ntf_handle life;       /* posix: the description that carries this copy's liveness lock; else unused */
};

/* Makes one, zeroed; nobody else can see it yet. NTF_E_NO_MEMORY, NTF_E_UNSUPPORTED. */
enum ntf_result soft_memory_create(struct soft_memory *out);
/* Opens the page behind a foreign NT handle, after all checks that the kernel can answer (what class of object, of
 * exactly which size, sealed or committed, of which backing), all before the first read. The handle stays the
 * caller's. On failure *status and *why (static text) say what was found. */
enum ntf_result soft_memory_open(ntf_handle nt, struct soft_memory *out, ntf_status *status, const char **why);
/* Whether the NT handle is of this very memory: the kernel's word, not the header's. */
bool soft_memory_is(const struct soft_memory *memory, ntf_handle nt);
void soft_memory_close(struct soft_memory *memory);
/* A new NT handle of it for a caller: with the access asked for (any non-zero mask means query, read, write), with
 * the inheritance and security descriptor of attributes (may be NULL). */
enum ntf_result soft_memory_share(const struct soft_memory *memory, const ntf_object_attributes *attributes,
                                  uint32_t access, ntf_handle *out, ntf_status *status);
void soft_nt_handle_close(ntf_handle nt);

/* ---- bundle.c: a resource, its keyed mutex and its synchronization object behind one NT handle ---- */

#define SOFT_BUNDLE_PARTS 3 /* in that order */

/* Makes what soft_memory_share, soft_name_publish and soft_bundle_close take for the three together. It lives no longer
 * than `resource`. NTF_E_INVALID: the resource is in another bundle already; NTF_E_NO_MEMORY, NTF_E_FAILED. */
enum ntf_result soft_bundle_make(const struct soft_memory *resource, const struct soft_memory *mutex,
                                 const struct soft_memory *sync, struct soft_memory *out);
void soft_bundle_close(struct soft_memory *bundle);
/* New NT handles, the caller's, of all that is behind one: of a bundle three; of anything else that is a handle the
 * first only, and the others are NULL. What they are is for soft_memory_open to say. Nothing is held up by whoever made
 * the bundle. On failure *status and *why (static text) say what was found. */
enum ntf_result soft_bundle_parts(ntf_handle nt, ntf_handle parts[SOFT_BUNDLE_PARTS], ntf_status *status,
                                  const char **why);

/* ---- names.c ---- */

struct soft_name;
/* Makes the memory reachable under the name in attributes, exclusively. NTF_E_COLLISION, NTF_E_BAD_NAME,
 * NTF_E_ACCESS_DENIED, NTF_E_NO_MEMORY. */
enum ntf_result soft_name_publish(const ntf_object_attributes *attributes, const struct soft_memory *memory,
                                  struct soft_name **out, ntf_status *status);
void soft_name_withdraw(struct soft_name *name);
/* A new NT handle of what has that name. NTF_E_NOT_FOUND, also when its server does not answer for 2 s. */
enum ntf_result soft_name_resolve(const ntf_object_attributes *attributes, uint32_t access, ntf_handle *out,
                                  ntf_status *status);

/* ---- numbers.c: global handles, which live as long as any copy has the object, its maker or another ---- */

struct soft_number; /* this copy's share in keeping a number alive */
/* Makes the memory reachable under the number, exclusively. NTF_E_COLLISION: another object has it; NTF_E_NO_MEMORY,
 * NTF_E_FAILED. */
enum ntf_result soft_number_publish(D3DKMT_HANDLE value, const struct soft_memory *memory, struct soft_number **out);
/* A new NT handle of what has the number, and a share in keeping it alive. NTF_E_NOT_FOUND, at once when nothing has
 * it, and after 2 s when nobody answers; NTF_E_NO_MEMORY, NTF_E_ACCESS_DENIED. */
enum ntf_result soft_number_resolve(D3DKMT_HANDLE value, ntf_handle *nt, struct soft_number **out);
/* This copy has checked the memory that it got with the number, and answers for the number too from now on. The memory
 * outlives the number. NTF_E_NO_MEMORY. */
enum ntf_result soft_number_serve(struct soft_number *number, const struct soft_memory *memory);
void soft_number_withdraw(struct soft_number *number);

/* ---- life.c: is a slot's owner still there? By a lock or a name that the kernel drops, never a process id ---- */

/* Announces this copy on the memory; called once for each memory it maps, before it arms there. */
enum ntf_result soft_life_announce(struct soft_memory *memory);
/* True only if the owner is certainly gone. This copy's own owners are never gone. */
bool soft_life_gone(const struct soft_memory *memory, uint64_t owner);

/* ---- wake.c ---- */

/* Wakes who sleeps in a slot: the futex word (posix), the bell of the owner (win32). shared: the page is. */
void soft_wake(ntf_au32 *word, uint64_t owner, bool shared);
/* Sets an event that a caller of the D3DKMT interface gave: an event handle, or an eventfd descriptor. */
void soft_event_set(ntf_handle event);
/* Keeps the event of an asynchronous wait for later: a duplicate, so that the caller may close its own.
 * NTF_E_BAD_HANDLE: it is no event; NTF_E_NO_MEMORY. */
enum ntf_result soft_event_keep(ntf_handle event, ntf_handle *out);
void soft_event_drop(ntf_handle event);

/* ---- clock.c ---- */

/* The system's time of day in units of 100 ns since 1601, in which D3DKMTAcquireKeyedMutex takes an end. */
int64_t soft_time_of_day(void);

/* NTF_OK if objects can be shared between processes here, else a static sentence in *why. */
enum ntf_result soft_can_share(const char **why);

#endif /* NTF_KMT_SOFT_OS_OS_H */
