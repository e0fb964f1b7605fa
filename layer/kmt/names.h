/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of shared objects. An application says "x", "Local\x" or "Global\x"; the kernel wants a path in the NT
 * object directory. Pure functions, so that every rule is a row of a test.
 *
 *   Global\x                -> \BaseNamedObjects\x
 *   x, Local\x, session 0   -> \BaseNamedObjects\x
 *   x, Local\x, session n   -> \Sessions\n\BaseNamedObjects\x
 *
 * The prefix is compared without regard to the case of A-Z.
 */
#ifndef NTF_KMT_NAMES_H
#define NTF_KMT_NAMES_H

#include "base/result.h"
#include "kmt/d3dkmt.h"

#define NTF_NAME_UNITS 260 /* of the application's name, terminator not counted */
#define NTF_PATH_UNITS 320

struct ntf_name_path {
    char16_t units[NTF_PATH_UNITS + 1];
    ntf_unicode_string string;     /* of units */
    ntf_object_attributes attributes; /* of string, case-insensitive; ready for a D3DKMT call */
};
/* NTF_E_BAD_NAME: NULL, empty, too long, or a backslash other than that of the prefix. */
enum ntf_result ntf_name_to_path(const char16_t *name, uint32_t session, struct ntf_name_path *out);
/* The last component, after the directories above; what soft on Linux keeps of a path. NULL: not such a path. */
const char16_t *ntf_name_leaf(const char16_t *path, uint32_t units, uint32_t *leaf_units);

#endif /* NTF_KMT_NAMES_H */
