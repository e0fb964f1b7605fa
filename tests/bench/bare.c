// SPDX-License-Identifier: Apache-2.0
#include "bare.h"

#include <stdlib.h>

static uint64_t *place_of(const struct bare *bare, uint64_t key)
{
    const uint64_t mask = (UINT64_C(1) << bare->bits) - 1;
    uint64_t at = key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bare->bits);

    while (bare->pairs[2 * at] != key && bare->pairs[2 * at] != 0)
        at = (at + 1) & mask;
    return &bare->pairs[2 * at];
}

bool bare_init(struct bare *bare)
{
    bare->pairs = calloc(((size_t)1 << bare->bits) * 2, sizeof *bare->pairs);
    return bare->pairs != NULL;
}

void bare_insert(struct bare *bare, uint64_t key, uint64_t value)
{
    uint64_t *pair = place_of(bare, key);
    pair[0] = key;
    pair[1] = value;
}

bool bare_find(const struct bare *bare, uint64_t key, uint64_t *value)
{
    const uint64_t *pair = place_of(bare, key);

    if (pair[0] != key)
        return false;
    *value = pair[1];
    return true;
}
