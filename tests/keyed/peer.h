// SPDX-License-Identifier: Apache-2.0
/*
 * The peer of these tests: keyed mutexes by D3DKMT calls alone, from the library that NTFENCE_D3DKMT names. It is
 * asked, too, what the layer has taken and given back: an acquire with a timeout of 0 says.
 */
#ifndef NTF_TEST_KEYED_PEER_H
#define NTF_TEST_KEYED_PEER_H

#include "kmt/ntstatus.h"
#include "../layer/vulkan.h"

// Idempotent.
void peer_open(void);
void peer_close(void);

enum peer_way { PEER_HANDLE, PEER_NAME, PEER_NUMBER };
enum { WAYS = 3 };

struct peer_mutex {
    enum peer_way way;
    D3DKMT_HANDLE mutex;
    D3DKMT_HANDLE resource, sync; // of a bundle; 0: it has a global handle instead
    const uint64_t *value;        // of the companion: sync's CurrentValue
    ntf_handle handle;
    D3DKMT_HANDLE global;
    char name[64];
    char16_t units[64];
};

// Free at that key. By number it has no companion.
void peer_make(struct peer_mutex *mutex, enum peer_way way, uint64_t key);
void peer_destroy(struct peer_mutex *mutex);
// Of another process, by its global handle.
void peer_open_number(struct peer_mutex *mutex, D3DKMT_HANDLE number);
// Takes it if it can be had now.
ntf_status peer_try(const struct peer_mutex *mutex, uint64_t key, uint64_t *value);
ntf_status peer_give(const struct peer_mutex *mutex, uint64_t key, uint64_t value);
void peer_signal(const struct peer_mutex *mutex, uint64_t value);

// Where a mutex is not watched a thread of the layer waits in the kernel, a tenth of a second longer than the wait that
// it does so for, and may then have the mutex in its hands for a moment. Takes it all the same, or the watchdog ends
// it.
void peer_take(const struct peer_mutex *mutex, uint64_t key);

// Assertions: nobody has it, and it was released at that key with that value; somebody has it.
void expect_free(const struct peer_mutex *mutex, uint64_t key, uint64_t value);
void expect_held(const struct peer_mutex *mutex);
// The first, as patient as peer_take.
void expect_free_soon(const struct peer_mutex *mutex, uint64_t key, uint64_t value);

struct keys {
    uint64_t acquire, release;
};
// By the way that it was made for. keys NULL: without the structure.
VkResult import_mutex(VkFence fence, const struct peer_mutex *mutex, const struct keys *keys, VkFenceImportFlags flags);

#define TEMPORARY_IMPORT VK_FENCE_IMPORT_TEMPORARY_BIT

#endif
