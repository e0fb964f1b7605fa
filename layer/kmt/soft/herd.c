/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of C11 and C++11, as page.c. herd.h has the argument. */
#include "kmt/soft/herd.h"

#define BATON 0x80000000u
#if !defined(NTF_HERD_FEW) /* a model checker takes fewer */
#define NTF_HERD_FEW 2u /* as many a signaller wakes himself */
#endif

static uint32_t home_of(uint64_t target)
{
    return (uint32_t)(target % NTF_PAGE_SLOTS);
}

uint32_t ntf_herd_join(struct ntf_page *page, uint64_t target, uint32_t *seen)
{
    const uint32_t home = home_of(target);

    (void)ntf_fetch_add(&page->slots[home].herd, 1u, NTF_SEQ_CST);
    /* Before the caller's re-read: who reads a word already changed reads CurrentValue as it was then. */
    *seen = ntf_load(&page->slots[home].word, NTF_SEQ_CST);
    return home;
}

void ntf_herd_quit(struct ntf_page *page, uint32_t home, const struct ntf_page_ops *ops)
{
    struct ntf_page_slot *slot = &page->slots[home];

    if ((ntf_fetch_sub(&slot->herd, 1u, NTF_RELAXED) & BATON) == 0)
        return;
    if (ntf_fetch_and(&slot->herd, ~BATON, NTF_RELAXED) & BATON)
        ops->wake(ops->context, &slot->word, 0);
}

static void wake_home(struct ntf_page_slot *slot, const struct ntf_page_ops *ops)
{
    const uint32_t count = ntf_load(&slot->herd, NTF_SEQ_CST) & ~BATON;

    if (count == 0)
        return;
    if (count > NTF_HERD_FEW)
        (void)ntf_fetch_or(&slot->herd, BATON, NTF_RELAXED);
    (void)ntf_fetch_add(&slot->word, 1u, NTF_RELEASE);
    if (count > NTF_HERD_FEW)
        ops->wake_one(ops->context, &slot->word);
    else
        ops->wake(ops->context, &slot->word, 0);
}

void ntf_herds_wake(struct ntf_page *page, uint64_t from, uint64_t to, const struct ntf_page_ops *ops)
{
    const uint32_t homes = to - from < NTF_PAGE_SLOTS ? (uint32_t)(to - from) : NTF_PAGE_SLOTS;
    uint32_t i;

    for (i = 1; i <= homes; i++)
        wake_home(&page->slots[home_of(from + i)], ops);
}
