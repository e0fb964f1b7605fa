/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer that holds a handle may do to the page. */
#ifndef NTF_TEST_PEERS_ATTACK_H
#define NTF_TEST_PEERS_ATTACK_H

#include "kmt/d3dkmt.h"
#include "kmt/soft/page.h"

enum attack {
    ATTACK_ZEROES, /* the whole page, header and all */
    ATTACK_ONES,
    ATTACK_RANDOM,
    ATTACK_BYTES,      /* a random byte here and there */
    ATTACK_PUNCH,      /* the memory goes from under the page */
    ATTACK_OWN_SLOTS,  /* all slots are mine, who lives: no place, and nothing is reached */
    ATTACK_YOUR_SLOTS, /* all slots are those of whoever waits */
    ATTACK_DEAD_SLOTS, /* all slots are of owners that nobody has */
    ATTACK_WORDS,      /* every word changes all the time: no sleep lasts */
    ATTACK_MASKS,      /* armed and overflow are garbage */
    ATTACK_VALUE,      /* CurrentValue up and down */
    ATTACKS
};
extern const char *const attack_names[ATTACKS];

struct attacker {
    enum attack attack;
    struct ntf_page *page;
    ntf_handle handle;
    uint64_t own, yours; /* owners */
    uint64_t random;
};

/* Once. */
void attack_once(struct attacker *attacker);

/* As a child's role: a line with a handle, then lines with the number of an attack, which two
 * threads repeat until the next line; each is answered with "done" once it has begun. The number
 * ATTACKS makes the page what it was. */
int attack_child(void);

#endif /* NTF_TEST_PEERS_ATTACK_H */
