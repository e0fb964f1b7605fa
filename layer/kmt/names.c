/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "kmt/names.h"

static const char directory[] = "\\BaseNamedObjects\\";
static const char sessions[] = "\\Sessions\\";

static char16_t fold(char16_t unit)
{
    return unit >= u'A' && unit <= u'Z' ? (char16_t)(unit + (u'a' - u'A')) : unit;
}

/* Length of prefix if the name begins with it, else 0. Stops at the first difference, so that a
 * terminated name is not read beyond its end. */
static uint32_t skip(const char16_t *name, uint32_t units, const char *prefix)
{
    uint32_t i;

    for (i = 0; prefix[i]; i++) {
        if (i >= units || fold(name[i]) != fold((char16_t)prefix[i]))
            return 0;
    }
    return i;
}

static uint32_t append(char16_t *to, uint32_t at, const char *text)
{
    while (*text)
        to[at++] = (char16_t)*text++;
    return at;
}

static uint32_t append_number(char16_t *to, uint32_t at, uint32_t number)
{
    char digits[11];
    uint32_t first = sizeof digits - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return append(to, at, digits + first);
}

static bool has_backslash(const char16_t *units, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (units[i] == u'\\')
            return true;
    }
    return false;
}

enum ntf_result ntf_name_to_path(const char16_t *name, uint32_t session, struct ntf_name_path *out)
{
    uint32_t units = 0, prefix, at = 0;

    if (!name)
        return NTF_E_BAD_NAME;
    while (units <= NTF_NAME_UNITS && name[units])
        units++;
    if (units > NTF_NAME_UNITS)
        return NTF_E_BAD_NAME;
    prefix = skip(name, units, "Global\\");
    if (prefix)
        session = 0;
    else
        prefix = skip(name, units, "Local\\");
    if (prefix == units || has_backslash(name + prefix, units - prefix))
        return NTF_E_BAD_NAME;

    memset(out, 0, sizeof *out);
    if (session) {
        at = append(out->units, at, sessions);
        at = append_number(out->units, at, session);
    }
    at = append(out->units, at, directory);
    memcpy(out->units + at, name + prefix, (units - prefix) * sizeof *name);
    at += units - prefix;
    out->string.Length = (uint16_t)(at * sizeof *name);
    out->string.MaximumLength = (uint16_t)((at + 1) * sizeof *name);
    out->string.Buffer = out->units;
    out->attributes.Length = sizeof out->attributes;
    out->attributes.ObjectName = &out->string;
    out->attributes.Attributes = NTF_OBJ_CASE_INSENSITIVE;
    return NTF_OK;
}

const char16_t *ntf_name_leaf(const char16_t *path, uint32_t units, uint32_t *leaf_units)
{
    uint32_t at = skip(path, units, sessions), step;

    if (at) {
        const uint32_t digits = at;

        while (at < units && path[at] >= u'0' && path[at] <= u'9')
            at++;
        if (at == digits)
            return NULL;
    }
    step = skip(path + at, units - at, directory);
    at += step;
    if (!step || at == units || has_backslash(path + at, units - at))
        return NULL;
    *leaf_units = units - at;
    return path + at;
}

/* The longest path: all that ntf_name_to_path may put in front of the longest name. */
_Static_assert(sizeof sessions + 10 + sizeof directory + NTF_NAME_UNITS <= NTF_PATH_UNITS, "path");
