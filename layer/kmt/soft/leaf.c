/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/leaf.h"

#include <string.h>

struct span {
    const char16_t *units;
    uint32_t count;
};

static char16_t fold(char16_t unit)
{
    return unit >= u'A' && unit <= u'Z' ? (char16_t)(unit - u'A' + u'a') : unit;
}

/* Takes the prefix (folded ASCII) off, if it is there. */
static bool skip(struct span *rest, const char *prefix)
{
    uint32_t i;

    for (i = 0; prefix[i] != '\0'; i++)
        if (i == rest->count || fold(rest->units[i]) != (char16_t)prefix[i])
            return false;
    rest->units += i;
    rest->count -= i;
    return true;
}

static bool skip_number(struct span *rest)
{
    uint32_t i = 0;

    while (i < rest->count && rest->units[i] >= u'0' && rest->units[i] <= u'9')
        i++;
    rest->units += i;
    rest->count -= i;
    return i > 0;
}

bool soft_leaf_of(const ntf_unicode_string *path, struct soft_leaf *leaf)
{
    struct span rest = { path->Buffer, path->Length / 2u };
    uint32_t i;

    if (!rest.units || path->Length % 2u != 0)
        return false;
    if (skip(&rest, "\\sessions\\")) {
        if (!skip_number(&rest) || !skip(&rest, "\\basenamedobjects\\"))
            return false;
    } else {
        (void)skip(&rest, "\\basenamedobjects\\");
    }
    if (!skip(&rest, "local\\"))
        (void)skip(&rest, "global\\");
    if (rest.count == 0 || rest.count > SOFT_LEAF_UNITS)
        return false;
    for (i = 0; i < rest.count; i++) {
        if (rest.units[i] == 0 || rest.units[i] == u'\\')
            return false;
        leaf->units[i] = fold(rest.units[i]);
    }
    leaf->count = rest.count;
    return true;
}

bool soft_leaf_equal(const struct soft_leaf *a, const struct soft_leaf *b)
{
    return a->count == b->count && memcmp(a->units, b->units, a->count * sizeof a->units[0]) == 0;
}
