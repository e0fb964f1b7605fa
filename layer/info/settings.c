/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as the layer takes them in a process with these variables. It ignores what does not fit, and says so in its
 * log; which values those are is said here, beside the rule that they break.
 */
#include <stdio.h>
#include <string.h>

#include "base/os/os.h"
#include "info/os/os.h"
#include "info/parts.h"
#include "kmt/kmt.h"
#include "kmt/object.h"

#define VARIABLE_BYTES 64

struct setting {
    const char *key, *initial, *value;
};

static void name_variable(char name[VARIABLE_BYTES], const char *key)
{
    size_t n = (size_t)snprintf(name, VARIABLE_BYTES, "NTFENCE_");

    for (; *key && n < VARIABLE_BYTES - 1; key++)
        name[n++] = *key >= 'a' && *key <= 'z' ? (char)(*key - 'a' + 'A') : *key;
    name[n] = '\0';
}

static bool is_one_of(const char *value, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(value, words[i]) == 0)
            return true;
    return false;
}

/* ---- values that mean nothing ---- */

/* The words of a comma list that no rung has for a name, for a sentence. */
static bool has_unknown_rung(const char *list, char *unknown, size_t size)
{
    const char *rungs[NTF_RUNG_COUNT];

    for (int i = 0; i < NTF_RUNG_COUNT; i++)
        rungs[i] = ntf_rung_name((enum ntf_rung)i);
    while (*list) {
        const size_t length = strcspn(list, ", ");

        (void)snprintf(unknown, size, "%.*s", (int)(length < size ? length : size - 1), list);
        if (length > 0 && !is_one_of(unknown, rungs, NTF_RUNG_COUNT))
            return true;
        list += length;
        list += strspn(list, ", ");
    }
    return false;
}

static void describe_rungs(char *why, size_t size, const char *value)
{
    char unknown[64];

    if (strcmp(value, "auto") != 0 && has_unknown_rung(value, unknown, sizeof unknown))
        (void)snprintf(why, size, "\"%s\" is no rung; without any that is one, all are tried", unknown);
}

/* Why the layer takes another value than this one; left empty if it does not. */
static void misfit(const struct setting *setting, char *why, size_t size)
{
    static const char *const levels[] = { "info", "warning", "error" };
    static const char *const providers[] = { "auto", "system", "soft" };
    static const char *const routes[] = { "auto", "bridge", "timeline" };

    why[0] = '\0';
    if (strcmp(setting->key, "log_level") == 0 && !is_one_of(setting->value, levels, 3))
        (void)snprintf(why, size, "not info, warning or error: taken as %s", setting->initial);
    else if (strcmp(setting->key, "provider") == 0 && !is_one_of(setting->value, providers, 3))
        (void)snprintf(why, size, "not auto, system or soft: taken as auto");
    else if (strcmp(setting->key, "route") == 0 && !is_one_of(setting->value, routes, 3))
        (void)snprintf(why, size, "not auto, bridge or timeline: taken as auto");
    else if (strcmp(setting->key, "rungs") == 0)
        describe_rungs(why, size, setting->value);
}

/* ---- one setting ---- */

static void one(struct info_node *list, struct info_node *shown, const struct setting *setting)
{
    struct info_node *entry = info_object(list, NULL, NULL);
    const size_t room = sizeof ((struct ntf_settings *)0)->log;
    const bool elevated = ntf_os_elevated();
    char variable[VARIABLE_BYTES], ignored[160];
    const char *origin = "default";
    int length;

    name_variable(variable, setting->key);
    length = ntf_os_getenv(variable, NULL, 0);
    misfit(setting, ignored, sizeof ignored);
    if (length >= 0 && elevated)
        (void)snprintf(ignored, sizeof ignored, "%s is set, but an elevated process reads no variable", variable);
    else if (length >= 0 && (size_t)length >= room)
        (void)snprintf(ignored, sizeof ignored, "%s has %d bytes, %u are the most: ignored", variable, length,
                       (unsigned)room - 1);
    else if (length >= 0)
        origin = "environment";
    info_text(entry, "key", NULL, "%s", setting->key);
    info_text(entry, "value", NULL, "%s", setting->value);
    info_text(entry, "from", NULL, "%s", origin);
    info_text(entry, "ignored", NULL, "%s", ignored);
    info_text(shown, NULL, setting->key, "%s (%s)%s%s", setting->value[0] ? setting->value : "-",
              strcmp(origin, "default") == 0 ? "default" : variable, ignored[0] ? "; " : "", ignored);
}

/* ---- variables that nobody reads ---- */

static void look_at(void *context, const char *name, const char *value)
{
    static const char *const known[] = {
#define X(key, def, text) #key,
        NTF_SETTINGS(X)
#undef X
    };
    bool found = strcmp(name, "NTFENCE_ENABLE") == 0 || strcmp(name, "NTFENCE_DISABLE") == 0;

    (void)value;
    for (size_t i = 0; i < sizeof known / sizeof *known && !found; i++) {
        char variable[VARIABLE_BYTES];

        name_variable(variable, known[i]);
        found = strcmp(name, variable) == 0;
    }
    if (!found)
        info_element(context, "%s is no variable of ntfence: nobody reads it", name);
}

void info_settings_part(struct ntf_settings *settings)
{
    struct info_node *part = info_object(info_report(), "settings", "Settings");
    struct info_node *list;

    (void)ntf_settings_read(settings);
    info_flag(part, "elevated", NULL, ntf_os_elevated());
    list = info_list(part, "values", NULL);
#define X(key, def, text)                                                                                              \
    {                                                                                                                  \
        const struct setting setting = { #key, def, settings->key };                                                   \
        one(list, part, &setting);                                                                                     \
    }
    NTF_SETTINGS(X)
#undef X
    list = info_list(part, "unknown", "Not read");
    info_os_variables("NTFENCE_", look_at, list);
    if (ntf_os_elevated())
        info_note(part, "This process is elevated: of the NTFENCE_ variables only NTFENCE_DISABLE counts.");
    info_note(part, "A program may set by VK_EXT_layer_settings what no variable sets; that is seen in its own process "
                    "only.");
}
