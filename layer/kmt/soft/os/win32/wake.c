/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waking the owner of a slot: a bell of this copy, or one of a peer, opened by the name that its number gives.
 *
 * Handles of peers' bells are kept, the last 256. Their names are random and never used twice, so a handle kept
 * never rings the wrong bell; that of a peer which has died rings nothing, until it is the oldest and closed.
 */
#include "kmt/os/win32/pool.h"
#include "kmt/soft/os/win32/nt.h"

#include "base/os/os.h"

#include <string.h>

#define PEER_BELLS 256u

/* All protected by `lock`. SetEvent, which never waits, is called under it too, so that no other thread closes the
 * handle meanwhile; opening and closing are done outside. */
static struct {
    struct ntf_lock lock;
    uint32_t next; /* the place that is filled next: when all are full, that of the oldest */
    uint64_t owners[PEER_BELLS]; /* 0: empty */
    HANDLE events[PEER_BELLS];
} peers;

static bool ring_known(uint64_t owner)
{
    bool known = false;

    ntf_lock_take(&peers.lock);
    for (uint32_t i = 0; i < PEER_BELLS && !known; i++) {
        known = peers.owners[i] == owner;
        if (known)
            (void)SetEvent(peers.events[i]);
    }
    ntf_lock_drop(&peers.lock);
    return known;
}

/* Keeps the event for the next time. Returns what is to be closed: the oldest, or NULL. Another thread may have
 * kept one of the same bell meanwhile; then there are two for a while, and the first is used. */
static HANDLE keep(uint64_t owner, HANDLE event)
{
    HANDLE oldest;

    ntf_lock_take(&peers.lock);
    oldest = peers.events[peers.next];
    peers.owners[peers.next] = owner;
    peers.events[peers.next] = event;
    peers.next = (peers.next + 1) % PEER_BELLS;
    ntf_lock_drop(&peers.lock);
    return oldest;
}

/* A bell that can't be opened has gone with its process, or was not made yet: then its owner reads the value after
 * making it (kmt/os/win32/parker.c). */
static void ring_peer(uint64_t owner)
{
    wchar_t name[NTF_EVENT_NAME_UNITS];
    HANDLE event, oldest;

    if (owner == 0 || ring_known(owner))
        return;
    ntf_bell_name(owner, name);
    event = OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
    if (!event)
        return;
    (void)SetEvent(event);
    oldest = keep(owner, event);
    if (oldest)
        (void)CloseHandle(oldest);
}

void soft_wake(ntf_au32 *word, uint64_t owner, bool shared)
{
    (void)word; /* nobody sleeps on it here */
    if (ntf_copy_owns(owner))
        ntf_bell_ring((uint32_t)(owner & 0xFFFFu));
    else if (shared)
        ring_peer(owner);
}

/* ---- events of callers ---- */

static bool is_event(ntf_handle handle)
{
    struct {
        ntf_unicode_string string;
        wchar_t units[256];
    } type;

    return NtQueryObject(handle, SOFT_OBJECT_TYPE, &type, sizeof type, NULL) == NTF_STATUS_SUCCESS &&
           type.string.Length == 5 * sizeof(wchar_t) && memcmp(type.string.Buffer, L"Event", 5 * sizeof(wchar_t)) == 0;
}

enum ntf_result soft_event_keep(ntf_handle event, ntf_handle *out)
{
    const HANDLE self = GetCurrentProcess();
    HANDLE kept = NULL;
    ntf_status status;

    if (!event || !is_event(event))
        return NTF_E_BAD_HANDLE;
    status = NtDuplicateObject(self, event, self, &kept, EVENT_MODIFY_STATE, 0, 0);
    if (status != NTF_STATUS_SUCCESS)
        return soft_result(status) == NTF_E_NO_MEMORY ? NTF_E_NO_MEMORY : NTF_E_BAD_HANDLE;
    *out = kept;
    return NTF_OK;
}

void soft_event_set(ntf_handle event)
{
    (void)SetEvent(event);
}

void soft_event_drop(ntf_handle event)
{
    (void)CloseHandle(event);
}
