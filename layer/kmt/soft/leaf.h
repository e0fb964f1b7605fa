/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names where there is no object directory: what is left of a path is its last component, and case is folded for
 * A-Z only. These are one and the same name: x, Local\x, Global\x, \BaseNamedObjects\x,
 * \Sessions\<number>\BaseNamedObjects\x. A pure function, for tests.
 */
#ifndef NTF_KMT_SOFT_LEAF_H
#define NTF_KMT_SOFT_LEAF_H

#include "kmt/d3dkmt.h"

#include <stdbool.h>

#define SOFT_LEAF_UNITS 260

struct soft_leaf {
    uint32_t count;
    char16_t units[SOFT_LEAF_UNITS]; /* folded; not terminated */
};

/* False: not such a path, or its leaf is empty, too long, or holds a zero or a backslash. */
bool soft_leaf_of(const ntf_unicode_string *path, struct soft_leaf *leaf);
bool soft_leaf_equal(const struct soft_leaf *a, const struct soft_leaf *b);

#endif /* NTF_KMT_SOFT_LEAF_H */
