// SPDX-License-Identifier: Apache-2.0
/*
 * Keyed mutexes: their imports, and waits for more of them than the stack has room for, one of which is released while
 * the wait sleeps. Whatever fails, no mutex is taken by a wait that does not say so.
 */
#include <pthread.h>
#include <stdlib.h>

#include "../keyed/peer.h"
#include "paths.h"

enum { MUTEXES = 10, HELD = 7 };

static const struct keys keys = {3, 4};
static struct peer_mutex mutexes[MUTEXES];
static VkFence fences[MUTEXES];
static unsigned count;
static bool held; // by the peer: until the first wait

static void arrange(unsigned many, enum peer_way way)
{
    peer_open();
    count = many;
    for (unsigned i = 0; i < count; i++) {
        peer_make(&mutexes[i], way, keys.acquire);
        fences[i] = fence_new();
    }
}

// Nobody has it: it was released at that key.
static bool is_free(const struct peer_mutex *mutex, uint64_t key)
{
    uint64_t value;
    return peer_try(mutex, key, &value) == NTF_STATUS_SUCCESS &&
           peer_give(mutex, key, value) == NTF_STATUS_SUCCESS;
}

void keyed_tidy(void)
{
    for (unsigned i = 0; i < count; i++) {
        fence_free(fences[i]);
        peer_destroy(&mutexes[i]);
    }
    peer_close();
}

// ---- imports

void keyed_import_arrange(void)
{
    arrange(1, path->argument & BY_NAME ? PEER_NAME : path->argument & BY_GLOBAL ? PEER_NUMBER : PEER_HANDLE);
    if (path->argument & OVER_ANOTHER) {
        CHECK(import_mutex(fences[0], &mutexes[0], &keys, TEMPORARY_IMPORT) == VK_SUCCESS);
        CHECK(fence_wait(fences[0], 0) == VK_SUCCESS);
    }
}

VkResult keyed_import_act(void)
{
    messages_clear();
    return import_mutex(fences[0], &mutexes[0], &keys, TEMPORARY_IMPORT);
}

// The fence has what it had.
void keyed_import_refused(void)
{
    if (path->argument & OVER_ANOTHER) {
        fence_expect(fences[0], true);
        CHECK(!is_free(&mutexes[0], keys.acquire) && !is_free(&mutexes[0], keys.release));
    } else {
        CHECK(fence_status(fences[0]) == VK_NOT_READY);
        CHECK(is_free(&mutexes[0], keys.acquire));
    }
    messages_clear();
}

void keyed_import_done(VkResult result)
{
    uint64_t value;
    CHECK(result == VK_SUCCESS);
    if (path->argument & OVER_ANOTHER) {
        CHECK(peer_try(&mutexes[0], keys.release, &value) == NTF_STATUS_SUCCESS);
        CHECK(peer_give(&mutexes[0], keys.acquire, value) == NTF_STATUS_SUCCESS);
    }
    CHECK(fence_status(fences[0]) == VK_NOT_READY);
    CHECK(fence_wait(fences[0], 0) == VK_SUCCESS);
    fence_reset(fences[0]);
    CHECK(is_free(&mutexes[0], keys.release));
}

// ---- waits

static bool all(void)
{
    return (path->argument & ALL) != 0;
}

// A wait for any has none that could be had, but the one.
void keyed_wait_arrange(void)
{
    uint64_t value;
    arrange(MUTEXES, PEER_NUMBER);
    for (unsigned i = 0; i < count; i++) {
        const struct keys other = {all() || i == HELD ? keys.acquire : 9, keys.release};
        CHECK(import_mutex(fences[i], &mutexes[i], &other, TEMPORARY_IMPORT) == VK_SUCCESS);
    }
    CHECK(peer_try(&mutexes[HELD], keys.acquire, &value) == NTF_STATUS_SUCCESS);
    held = true;
}

static void *give_soon(void *context)
{
    (void)context;
    os_sleep_ms(4);
    if (peer_give(&mutexes[HELD], keys.acquire, 0) != NTF_STATUS_SUCCESS)
        abort();
    return NULL;
}

VkResult keyed_wait_act(void)
{
    pthread_t giver;
    VkResult result;
    messages_clear();
    if (held && pthread_create(&giver, NULL, give_soon, NULL))
        abort();
    result = vk.WaitForFences(world.device, count, fences, all(), UINT64_MAX);
    if (held)
        pthread_join(giver, NULL);
    held = false;
    return result;
}

static bool had(unsigned i)
{
    return all() || i == HELD;
}

// A thread of the layer that waits in a kernel may have it in its hands for a moment.
void keyed_wait_refused(void)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK(fence_status(fences[i]) == VK_NOT_READY);
        while (!is_free(&mutexes[i], keys.acquire))
            ; // or the alarm
    }
}

void keyed_wait_done(VkResult result)
{
    CHECK(result == VK_SUCCESS);
    for (unsigned i = 0; i < count; i++) {
        CHECK(fence_status(fences[i]) == (had(i) ? VK_SUCCESS : VK_NOT_READY));
        CHECK(is_free(&mutexes[i], keys.acquire) == !had(i));
        fence_reset(fences[i]);
        CHECK(is_free(&mutexes[i], had(i) ? keys.release : keys.acquire));
    }
}
