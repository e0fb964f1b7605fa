/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Absolute deadlines, in nanoseconds of ntf_os_now_ns(). Everything below vulkan/ takes a deadline; a relative
 * timeout becomes one exactly once, at the entry point, saturating.
 */
#ifndef NTF_BASE_DEADLINE_H
#define NTF_BASE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#define NTF_FOREVER UINT64_MAX /* never ends */

/* now + timeout_ns; NTF_FOREVER when the sum does not fit, and for a timeout of UINT64_MAX. A timeout of 0 gives
 * now, which has passed already: such a wait looks once and never sleeps. */
static inline uint64_t ntf_deadline_after(uint64_t now_ns, uint64_t timeout_ns)
{
    return timeout_ns > NTF_FOREVER - now_ns ? NTF_FOREVER : now_ns + timeout_ns;
}

static inline bool ntf_deadline_passed(uint64_t deadline_ns, uint64_t now_ns)
{
    return deadline_ns != NTF_FOREVER && now_ns >= deadline_ns;
}

/* What is left of it, as a relative timeout for a call of the lower chain: NTF_FOREVER stays UINT64_MAX. */
static inline uint64_t ntf_deadline_left(uint64_t deadline_ns, uint64_t now_ns)
{
    if (deadline_ns == NTF_FOREVER)
        return UINT64_MAX;
    return now_ns >= deadline_ns ? 0 : deadline_ns - now_ns;
}

static inline uint64_t ntf_deadline_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif /* NTF_BASE_DEADLINE_H */
