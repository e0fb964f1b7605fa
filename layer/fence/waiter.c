/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/waiter.h"

#include <stdlib.h>

static void watch_payload(const struct ntf_payload *payload, struct ntf_watch *watch)
{
    ntf_object_watch(payload->object, ntf_payload_target(payload), watch);
}

enum ntf_result ntf_wait_any(const struct ntf_poller *poller, struct ntf_payload *const *payloads, uint32_t count,
                             uint64_t deadline_ns, uint32_t *index)
{
    struct ntf_watch scratch[NTF_WAIT_SCRATCH];
    struct ntf_watch *watches = scratch;
    enum ntf_result result;
    uint32_t found = 0;

    if (count > NTF_WAIT_SCRATCH) {
        watches = malloc(count * sizeof *watches);
        if (!watches)
            return NTF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++)
        watch_payload(payloads[i], &watches[i]);
    result = ntf_poller_wait_any(poller, watches, count, deadline_ns, &found);
    if (watches != scratch)
        free(watches);
    if (result == NTF_OK) {
        ntf_payload_told(payloads[found]);
        *index = found;
    }
    return result;
}

enum ntf_result ntf_wait_all(const struct ntf_poller *poller, struct ntf_payload *const *payloads, uint32_t count,
                             uint64_t deadline_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        struct ntf_watch watch;
        uint32_t index;
        enum ntf_result result;

        watch_payload(payloads[i], &watch);
        result = ntf_poller_wait_any(poller, &watch, 1, deadline_ns, &index);
        if (result != NTF_OK)
            return result;
    }
    return NTF_OK;
}
