// SPDX-License-Identifier: Apache-2.0
/* Open addressing without any protection: a lookup's cost if nothing ever changes. In a file of its own, as the layer's
 * table is, so that a call of it is a call. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stdbool.h>
#include <stdint.h>

struct bare {
    uint64_t *pairs;
    unsigned bits; // set before bare_init: 2^bits places
};
bool bare_init(struct bare *bare);
void bare_insert(struct bare *bare, uint64_t key, uint64_t value);
bool bare_find(const struct bare *bare, uint64_t key, uint64_t *value);

#endif
