// SPDX-License-Identifier: Apache-2.0
// The host's side of the library: objects that processes share, their values, and who waits for them. What can fail
// answers 0 or an errno.
#ifndef NTF_TEST_WSL_HOST_H
#define NTF_TEST_WSL_HOST_H

#include "base/os/os.h"
#include "dxcore.h"

// A page of shared memory, found by a descriptor of it.
struct page {
    uint64_t magic;
    ntf_au64 value;
    ntf_au32 changes;  // a futex: the value, or releases, changed
    ntf_au32 releases; // how often a local object was destroyed, which releases all waiters of all
    uint32_t flags;    // of creation
};

struct mapping;
struct object {
    struct page *page; // NULL: free
    struct mapping *mapping;
};

struct host_wait {
    const D3DKMT_HANDLE *handles;
    const uint64_t *targets;
    uint32_t count;
    bool any;
    int event; // 0: blocks
};

int host_create(uint32_t flags, uint64_t initial, D3DKMT_HANDLE *handle, void **address);
int host_open(int fd, uint32_t flags, D3DKMT_HANDLE *handle, void **address);
int host_share(D3DKMT_HANDLE handle, int *fd);
int host_destroy(D3DKMT_HANDLE handle);
int host_signal(const D3DKMT_SIGNALSYNCHRONIZATIONOBJECTFROMCPU *signal);
int host_wait(const struct host_wait *wait);
uint32_t host_objects(void); // local handles
// Of a process that has come by fork: what its parent had is not there.
void host_forget(void);

// Between the two halves.
extern struct ntf_lock host_lock;               // protects handles, mappings and waits
struct object *host_find(D3DKMT_HANDLE handle); // holding it; NULL: there is none
void host_wake_met(void);                       // holding it: tells everybody whose wait is over
void host_wake(ntf_au32 *word, bool shared);    // counts a futex up, and wakes who sleeps on it
void host_forget_waits(void);

extern struct dxcore_control control;
void host_fill_control(void);

#endif
