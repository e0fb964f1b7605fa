/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of C11 and C++11. visits.h has the argument. */
#include "kmt/soft/visits.h"

#include "base/os/nearby.h"
#include "base/os/os.h"
#include "base/os/pause.h"

#define LOOKS 100u     /* about as long as a visit takes */
#define NAP_NS 50000u  /* then somebody's CPU has been taken away */

/* Between two looks at whether somebody leaves. */
static void rest(uint32_t *looks)
{
    ntf_au32 nothing;

    if (++*looks % LOOKS != 0) {
        ntf_pause();
        return;
    }
    ntf_init(&nothing, 0u);
    (void)ntf_os_park(&nothing, 0, ntf_os_now_ns() + NAP_NS);
}

NTF_SIGNALS uint32_t soft_visit_begin(struct soft_visits *visits, uint32_t hint)
{
    uint32_t looks = 0, at;

    for (at = hint % SOFT_PLACES;; at = (at + 1) % SOFT_PLACES) {
        ntf_au32 *turn = &visits->places[at].turn;
        uint32_t seen = ntf_load(turn, NTF_RELAXED);

        if ((seen & 1u) == 0 && ntf_cas(turn, &seen, seen + 1, NTF_SEQ_CST))
            return at;
        if (at == (hint + SOFT_PLACES - 1) % SOFT_PLACES)
            rest(&looks);
    }
}

NTF_SIGNALS void soft_visit_end(struct soft_visits *visits, uint32_t place)
{
    ntf_au32 *turn = &visits->places[place].turn;

    ntf_store(turn, ntf_load(turn, NTF_RELAXED) + 1, NTF_RELEASE);
}

void soft_visits_await(struct soft_visits *visits)
{
    uint32_t i, looks = 0;

    for (i = 0; i < SOFT_PLACES; i++) {
        const uint32_t seen = ntf_load(&visits->places[i].turn, NTF_SEQ_CST);

        while ((seen & 1u) != 0 && ntf_load(&visits->places[i].turn, NTF_ACQUIRE) == seen)
            rest(&looks);
    }
}
