/* SPDX-License-Identifier: Apache-2.0 */
#include "fence/poller.h"

#include "base/deadline.h"

enum ntf_result ntf_poller_wait_any(const struct ntf_poller *poller, struct ntf_watch *watches, uint32_t count,
                                    uint64_t deadline_ns, uint32_t *index)
{
    const struct ntf_park_ops *ops = poller->ops ? poller->ops : &ntf_park_os_ops;
    struct ntf_parker parker;
    enum ntf_result result;
    uint32_t first = ntf_watch_first(watches, count);

    if (first < count) {
        *index = first;
        return NTF_OK;
    }
    if (ntf_deadline_passed(deadline_ns, ops->now_ns()))
        return NTF_TIMEOUT;
    ntf_parker_begin(&parker, ops);
    do {
        result = ntf_watch_any(watches, count, deadline_ns, &parker, index);
    } while (result == NTF_NOT_READY); /* woken by name; nobody does that here, but a wake promises nothing */
    ntf_parker_end(&parker);
    return result;
}
