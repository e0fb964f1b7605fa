/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/waiter.h"

#include <stdlib.h>

enum ntf_result ntf_wait_begin(struct ntf_wait *wait, struct ntf_payload *const *payloads, uint32_t count)
{
    wait->payloads = payloads;
    wait->count = count;
    wait->watches = wait->scratch;
    if (count > NTF_WAIT_SCRATCH)
        wait->watches = malloc(count * sizeof *wait->watches);
    if (!wait->watches)
        return NTF_E_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        ntf_object_watch(payloads[i]->object, ntf_payload_target(payloads[i]), &wait->watches[i]);
    return NTF_OK;
}

void ntf_wait_end(struct ntf_wait *wait)
{
    if (wait->watches != wait->scratch)
        free(wait->watches);
}

enum ntf_result ntf_wait_any(struct ntf_wait *wait, const struct ntf_poller *poller, uint64_t deadline_ns,
                             uint32_t *index)
{
    uint32_t found = 0;
    const enum ntf_result result = ntf_poller_wait_any(poller, wait->watches, wait->count, deadline_ns, &found);

    if (result == NTF_OK) {
        ntf_payload_told(wait->payloads[found]);
        *index = found;
    }
    return result;
}

enum ntf_result ntf_wait_all(struct ntf_wait *wait, const struct ntf_poller *poller, uint64_t deadline_ns)
{
    enum ntf_result result = NTF_OK;

    for (uint32_t i = 0; i < wait->count && result == NTF_OK; i++) {
        uint32_t index;

        result = ntf_poller_wait_any(poller, &wait->watches[i], 1, deadline_ns, &index);
    }
    return result;
}

void ntf_wait_told(const struct ntf_wait *wait)
{
    for (uint32_t i = 0; i < wait->count; i++)
        ntf_payload_told(wait->payloads[i]);
}
