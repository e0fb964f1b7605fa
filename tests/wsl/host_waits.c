// SPDX-License-Identifier: Apache-2.0
// Who waits for a value, and what time does to that.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/deadline.h"
#include "host.h"
#include "kmt/os/posix/futex.h"

enum { WAITS = 16384, WATCHED = 100 };

struct wait {
    uint32_t count;
    bool any;
    D3DKMT_HANDLE handles[D3DDDI_MAX_OBJECT_WAITED_ON];
    uint64_t targets[D3DDDI_MAX_OBJECT_WAITED_ON];
    uint32_t releases[D3DDDI_MAX_OBJECT_WAITED_ON]; // of each page, at first
    int event;
    ntf_au32 *word; // of a blocked caller: becomes 1 when it is woken, 2 when the wait has failed
    uint64_t made_ns;
};

static struct wait waits[WAITS]; // protected by host_lock, as is all of this
static uint32_t pending;
static bool serving;
static ntf_au32 bump; // a futex: what is waited for changed

static bool met(const struct wait *wait)
{
    uint32_t reached = 0;

    for (uint32_t i = 0; i < wait->count; i++) {
        const struct object *object = host_find(wait->handles[i]);

        // Gone, or any other local object of it went: all waiters are released.
        if (!object || (!(object->page->flags & NTF_SYNC_UNWAIT_ON_DESTROY) &&
                        ntf_load(&object->page->releases, NTF_ACQUIRE) != wait->releases[i]))
            return true;
        reached += ntf_load(&object->page->value, NTF_ACQUIRE) >= wait->targets[i];
    }
    return wait->any ? reached > 0 : reached == wait->count;
}

static void tell(const struct wait *wait, uint32_t how)
{
    const uint64_t one = 1;

    if (wait->word) {
        ntf_store(wait->word, how, NTF_RELEASE);
        ntf_futex_wake(wait->word, false);
    } else if (write(wait->event, &one, sizeof one) < 0) {
        return; // it is set many times over
    }
}

void host_wake_met(void)
{
    for (uint32_t i = 0; i < pending;) {
        if (met(&waits[i])) {
            tell(&waits[i], 1);
            waits[i] = waits[--pending];
        } else {
            i++;
        }
    }
}

// Fills in the words to sleep on; 0: too many for one call.
static uint32_t watched(struct ntf_futex_wait *words)
{
    uint32_t count = 1;

    ntf_futex_wait_fill(&words[0], &bump, ntf_load(&bump, NTF_SEQ_CST), false);
    for (uint32_t i = 0; i < pending; i++) {
        for (uint32_t k = 0; k < waits[i].count; k++) {
            ntf_au32 *word = &host_find(waits[i].handles[k])->page->changes;

            if (count == WATCHED)
                return 0;
            ntf_futex_wait_fill(&words[count++], word, ntf_load(word, NTF_SEQ_CST), true);
        }
    }
    return count;
}

// Sets the events of this process, whoever signals: what the host's messages do.
static void serve(void *unused)
{
    struct ntf_futex_wait words[WATCHED];
    ntf_au32 nothing;

    (void)unused;
    ntf_init(&nothing, 0u);
    for (;;) {
        uint32_t count;

        ntf_lock_take(&host_lock);
        host_wake_met();
        count = watched(words); // then the values once more: a change since shows in the words
        host_wake_met();
        ntf_lock_drop(&host_lock);
        if (!count || !ntf_futex_wait_any(words, count, NTF_FOREVER))
            (void)ntf_os_park(&nothing, 0, ntf_os_now_ns() + 1000000);
    }
}

static int start_serving(void)
{
    struct ntf_thread *thread;

    if (serving)
        return 0;
    if (ntf_thread_start(&thread, "host", serve, NULL) != NTF_OK)
        return ENOMEM;
    ntf_thread_detach(thread);
    serving = true;
    return 0;
}

static int enlist(const struct host_wait *asked, ntf_au32 *word)
{
    struct wait *wait = &waits[pending];

    if (pending == WAITS || start_serving())
        return ENOMEM;
    *wait = (struct wait){.count = asked->count, .any = asked->any, .event = asked->event, .word = word};
    wait->made_ns = ntf_load(&control.now_ns, NTF_RELAXED);
    for (uint32_t i = 0; i < asked->count; i++) {
        const struct object *object = host_find(asked->handles[i]);

        if (!object)
            return EINVAL;
        if (object->page->flags & NTF_SYNC_NO_WAIT)
            return EACCES;
        wait->handles[i] = asked->handles[i];
        wait->targets[i] = asked->targets[i];
        wait->releases[i] = ntf_load(&object->page->releases, NTF_ACQUIRE);
    }
    pending++;
    host_wake_met();
    return 0;
}

int host_wait(const struct host_wait *wait)
{
    ntf_au32 word;
    int error;

    if (wait->count == 0 || wait->count > D3DDDI_MAX_OBJECT_WAITED_ON)
        return EINVAL;
    if (wait->event && fcntl(wait->event, F_GETFD) == -1)
        return EINVAL;
    ntf_init(&word, 0u);
    ntf_lock_take(&host_lock);
    error = enlist(wait, wait->event ? NULL : &word);
    ntf_lock_drop(&host_lock);
    host_wake(&bump, false);
    if (error || wait->event)
        return error;
    while (ntf_load(&word, NTF_ACQUIRE) == 0)
        (void)ntf_os_park(&word, 0, NTF_FOREVER);
    return ntf_load(&word, NTF_ACQUIRE) == 1 ? 0 : EINTR;
}

void host_forget_waits(void)
{
    pending = 0;
    serving = false;
}

// ---- What time does ----

static uint32_t count_pending(void)
{
    uint32_t count;

    ntf_lock_take(&host_lock);
    count = pending;
    ntf_lock_drop(&host_lock);
    return count;
}

static void cut(uint64_t before_ns, bool set)
{
    ntf_lock_take(&host_lock);
    for (uint32_t i = 0; i < pending;) {
        if (waits[i].made_ns >= before_ns) {
            i++;
            continue;
        }
        if (set || waits[i].word)
            tell(&waits[i], 2);
        waits[i] = waits[--pending];
    }
    ntf_lock_drop(&host_lock);
    host_wake(&bump, false);
}

static uint64_t youngest_ns(void)
{
    const uint64_t now_ns = ntf_load(&control.now_ns, NTF_RELAXED);
    uint64_t least = UINT64_MAX;

    ntf_lock_take(&host_lock);
    for (uint32_t i = 0; i < pending; i++) {
        if (now_ns - waits[i].made_ns < least)
            least = now_ns - waits[i].made_ns;
    }
    ntf_lock_drop(&host_lock);
    return least;
}

void host_fill_control(void)
{
    control.pending = count_pending;
    control.cut = cut;
    control.youngest_ns = youngest_ns;
    control.objects = host_objects;
}
