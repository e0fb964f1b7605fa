/* SPDX-License-Identifier: Apache-2.0 */
#include "base/settings.h"

#include <string.h>

#include "base/os/os.h"

#define VALUE_BYTES 512
#define VARIABLE_BYTES 64

struct setting {
    const char *key;
    const char *initial;
    size_t offset; /* of its value in struct ntf_settings */
};

static const struct setting list[] = {
#define X(key, def, text) { #key, def, offsetof(struct ntf_settings, key) },
    NTF_SETTINGS(X)
#undef X
};
#define LIST_COUNT (sizeof list / sizeof *list)

/* A key that is too long for the name of its variable would be read under a cut name. */
#define X(key, def, text)                                                                          \
    _Static_assert(sizeof #key + sizeof "NTFENCE_" <= VARIABLE_BYTES, "key " #key " is too long"); \
    _Static_assert(sizeof def <= VALUE_BYTES, "default of " #key " is too long");
NTF_SETTINGS(X)
#undef X

static char *place_of(struct ntf_settings *settings, const struct setting *setting)
{
    return (char *)settings + setting->offset;
}

/* Letters by hand: toupper asks the locale, and a Turkish one has another idea of 'i'. */
static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void name_variable(char name[VARIABLE_BYTES], const char *key)
{
    static const char prefix[] = "NTFENCE_";
    size_t n = sizeof prefix - 1;

    memcpy(name, prefix, n);
    while (*key)
        name[n++] = upper(*key++);
    name[n] = '\0';
}

unsigned ntf_settings_read(struct ntf_settings *settings)
{
    const bool elevated = ntf_os_elevated();
    unsigned dropped = 0;

    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < LIST_COUNT; i++) {
        char *place = place_of(settings, &list[i]);
        char variable[VARIABLE_BYTES];
        int length = -1;

        if (!elevated) {
            name_variable(variable, list[i].key);
            length = ntf_os_getenv(variable, place, VALUE_BYTES);
        }
        if (length >= 0 && length < VALUE_BYTES)
            continue;
        if (length >= 0)
            dropped++; /* half a path is worse than none */
        memset(place, 0, VALUE_BYTES);
        memcpy(place, list[i].initial, strlen(list[i].initial));
    }
    return dropped;
}

bool ntf_settings_offer(struct ntf_settings *settings, const char *key, const char *value)
{
    char variable[VARIABLE_BYTES];
    size_t i = 0, length;

    while (i < LIST_COUNT && strcmp(list[i].key, key) != 0)
        i++;
    if (i == LIST_COUNT || !value)
        return false;
    length = strlen(value);
    if (length >= VALUE_BYTES)
        return false;

    name_variable(variable, list[i].key);
    /* An elevated process has not read its variables, so none stands in the way of its own word. */
    if (ntf_os_elevated() || ntf_os_getenv(variable, NULL, 0) < 0)
        memcpy(place_of(settings, &list[i]), value, length + 1);
    return true;
}

static bool same_word(const char *a, const char *b)
{
    while (*a && upper(*a) == upper(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool ntf_settings_is_true(const char *value)
{
    return same_word(value, "1") || same_word(value, "true") || same_word(value, "on") || same_word(value, "yes");
}
