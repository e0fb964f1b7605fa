/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/companion.h"

#include <stdlib.h>

#include "kmt/os/system.h"
#include "kmt/resource.h"

struct ntf_companion { /* protected by the mutex that it is the companion of */
    const struct ntf_kmt *kmt;
    D3DKMT_HANDLE local;
    uint64_t known; /* reached for certain */
    uint64_t asked; /* what the event is for; up to `known`: there is none */
    ntf_handle event;
};

static bool ask(const struct ntf_companion *companion, uint64_t value, ntf_handle event)
{
    const D3DKMT_WAITFORSYNCHRONIZATIONOBJECTFROMCPU wait = {
        .hDevice = companion->kmt->device,
        .ObjectCount = 1,
        .ObjectHandleArray = &companion->local,
        .FenceValueArray = &value,
        .hAsyncEvent = event,
    };

    return ntf_status_registered(companion->kmt->thunks.WaitForSynchronizationObjectFromCpu(&wait));
}

static bool is_set(const struct ntf_companion *companion, uint64_t deadline_ns)
{
    return ntf_system_event_take(companion->event, deadline_ns) == NTF_OK;
}

static void forget(struct ntf_companion *companion)
{
    if (companion->event)
        ntf_system_close_handle(companion->event);
    companion->event = NULL;
    companion->asked = companion->known;
}

/* An event for this value, and a registration. */
static bool begin(struct ntf_companion *companion, uint64_t value)
{
    if (companion->event && companion->asked == value)
        return true;
    forget(companion);
    companion->event = ntf_system_event_make();
    if (!companion->event)
        return false;
    companion->asked = value;
    if (ask(companion, value, companion->event))
        return true;
    forget(companion);
    return false;
}

bool ntf_companion_reached(struct ntf_companion *companion, uint64_t value, uint64_t deadline_ns)
{
    while (value > companion->known) {
        if (!begin(companion, value) || !is_set(companion, deadline_ns))
            return false;
        if (!ask(companion, value, companion->event)) {
            forget(companion);
            return false;
        }
        if (is_set(companion, ntf_os_now_ns())) {
            companion->known = value;
            forget(companion);
        }
    }
    return true;
}

enum ntf_result ntf_companion_begin(const struct ntf_kmt *kmt, D3DKMT_HANDLE local, struct ntf_companion **out)
{
    struct ntf_companion *companion = calloc(1, sizeof *companion);
    ntf_handle event = companion ? ntf_system_event_make() : NULL;
    bool can_wait;

    if (!event) {
        free(companion);
        return NTF_E_NO_MEMORY;
    }
    companion->kmt = kmt;
    companion->local = local;
    can_wait = ask(companion, 0, event); /* every value is reached */
    ntf_system_close_handle(event);
    if (!can_wait) {
        free(companion);
        return NTF_E_UNSUPPORTED;
    }
    *out = companion;
    return NTF_OK;
}

void ntf_companion_end(struct ntf_companion *companion)
{
    if (!companion)
        return;
    ntf_resource_close_sync(companion->kmt, companion->local);
    forget(companion);
    free(companion);
}
