/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/os/posix/perches.h"

#include "kmt/os/posix/futex.h"

#define PERCHES 64u

static struct {
    _Alignas(64) ntf_au32 word;
    ntf_au32 taken;
} perches[PERCHES];

uint32_t ntf_perch_borrow(void)
{
    uint32_t i;

    for (i = 0; i < PERCHES; i++) {
        uint32_t no = 0;

        if (ntf_load(&perches[i].taken, NTF_RELAXED) == 0 && ntf_cas(&perches[i].taken, &no, 1u, NTF_ACQUIRE))
            return i + 1;
    }
    return 0;
}

void ntf_perch_return(uint32_t number)
{
    ntf_store(&perches[number - 1].taken, 0u, NTF_RELEASE);
}

ntf_au32 *ntf_perch_word(uint32_t number)
{
    return &perches[number - 1].word;
}

void ntf_perch_ring(uint64_t number)
{
    if (number == 0 || number > PERCHES)
        return;
    (void)ntf_fetch_add(&perches[number - 1].word, 1u, NTF_RELEASE);
    ntf_futex_wake(&perches[number - 1].word, false);
}
