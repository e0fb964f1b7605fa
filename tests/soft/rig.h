/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of soft share. Most are written against the D3DKMT interface alone, through `kmt`: the calls of the
 * library that NTFENCE_D3DKMT names, else those of the copy that is linked in.
 */
#ifndef NTF_TEST_SOFT_RIG_H
#define NTF_TEST_SOFT_RIG_H

#include "ntf_test.h"

#include "base/os/os.h"
#include "kmt/thunks.h"

#define SHARED (NTF_SYNC_SHARED | NTF_SYNC_NT_SECURITY_SHARING)
#define POISON 0xA5A5A5A5u

extern struct ntf_kmt_thunks kmt;

/* Fills `kmt`; call it first in main, in children too. */
void rig_load(void);
/* Fills a table from a library's exports. */
bool rig_load_library(const char *path, struct ntf_kmt_thunks *table);

/* An adapter and a device of this process, made at the first call. */
D3DKMT_HANDLE rig_adapter(void);
D3DKMT_HANDLE rig_device(void);
D3DKMT_HANDLE rig_new_device(void);

/* A fence and the address of its value. */
struct rig_fence {
    D3DKMT_HANDLE handle;
    const ntf_au64 *value;
};
struct rig_fence rig_monitored(uint32_t flags, uint64_t initial);
struct rig_fence rig_native(uint32_t flags, uint64_t initial);
void rig_destroy(D3DKMT_HANDLE handle);
uint64_t rig_value(const struct rig_fence *fence);
/* Sleeps, by yielding, until as many waiters have published a target on the fence (a slot, or a place in a herd). */
void rig_until_armed(const struct rig_fence *fence, unsigned waiters);

ntf_status rig_signal_flags(D3DKMT_HANDLE handle, uint64_t value, uint32_t flags);
ntf_status rig_signal(D3DKMT_HANDLE handle, uint64_t value);
ntf_status rig_wait_async(D3DKMT_HANDLE handle, uint64_t value, ntf_handle event);
/* Blocks. */
ntf_status rig_wait(D3DKMT_HANDLE handle, uint64_t value);

/* A new NT handle of the object; fails the test if there is none. */
ntf_handle rig_share(D3DKMT_HANDLE handle);
ntf_status rig_open(ntf_handle nt, uint32_t flags, struct rig_fence *out);

/* A monitored fence with a global handle; fails the test if there is none. */
struct rig_fence rig_global(uint64_t initial, D3DKMT_HANDLE *number);
/* On a refusal nothing may have been written. */
ntf_status rig_open_global(D3DKMT_HANDLE number, struct rig_fence *out);
/* The same, which has to succeed at the first attempt. */
struct rig_fence rig_opened(D3DKMT_HANDLE number);
/* Nobody has the number: it is refused, and not by waiting for somebody who does not answer. */
void rig_expect_dead(D3DKMT_HANDLE number);

/* A name as the interface takes it, from ASCII. */
struct rig_name {
    char16_t units[400];
    ntf_unicode_string string;
    ntf_object_attributes attributes;
};
/* The path that the system wants for a bare name: on Windows in the session's directory. */
void rig_name(struct rig_name *name, const char *text);
/* The same text without any such addition. */
void rig_raw_name(struct rig_name *name, const char *text);
/* A bare name that nobody else has, made of the text and something random. Static storage. */
const char *rig_unique(const char *text);
ntf_status rig_share_as(D3DKMT_HANDLE handle, const char *text, ntf_handle *out);
ntf_status rig_lookup(const char *text, uint32_t access, ntf_handle *out);

/* Threads that assert nothing: what they found is looked at after the join. */
struct rig_waiter {
    struct ntf_thread *thread;
    D3DKMT_HANDLE handle;
    uint64_t target;
    ntf_status status;
    ntf_au32 done;
};
void rig_waiter_start(struct rig_waiter *waiter, D3DKMT_HANDLE handle, uint64_t target);
ntf_status rig_waiter_join(struct rig_waiter *waiter);

/* rig_posix.c, rig_win32.c */
extern const bool rig_bundle_keeps_all; /* an NT handle of a bundle keeps the mutex and the fence, too */
extern const unsigned rig_cycles; /* of what has to leave nothing behind: fewer where a call takes a millisecond */
ntf_handle rig_event_new(void);
/* Whether it is set, without resetting it. */
bool rig_event_is_set(ntf_handle event);
/* Blocks until it is set, and resets it. */
void rig_event_take(ntf_handle event);
void rig_handle_close(ntf_handle handle);
void rig_yield(void);
/* The directory before a bare name, empty where there is none. */
void rig_directory(char *buffer, size_t size);

#endif /* NTF_TEST_SOFT_RIG_H */
