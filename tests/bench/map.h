// SPDX-License-Identifier: Apache-2.0
/* The map that one writes first: chains, and one lock around everything. To compare with. */
#ifndef BENCH_MAP_H
#define BENCH_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct map;
struct map *map_new(unsigned bits); // 2^bits chains; NULL without memory
bool map_insert(struct map *map, uint64_t key, uint64_t value);
void map_remove(struct map *map, uint64_t key);
uint64_t map_find(struct map *map, uint64_t key); // 0: not there

#endif
