/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader says of itself: no call of Vulkan tells which manifest a layer came from, but loaders since 1.3 tell
 * an instance's first messenger every file that they read and every library that they put into the chain. Their words
 * differ with their versions; relied on are only the path of a file that ends in ".json", whose content is then looked
 * at here, and the layer's name beside its library's path in parentheses.
 */
#include <stdio.h>
#include <string.h>

#include "info/vulkan.h"

/* ---- manifests ---- */

/* The file that a sentence names: what ends in ".json", from the first word on that makes it one that can be read. It
 * may be relative, and have spaces in it. json gets what is in it. */
static bool find_file(const char *text, char path[INFO_PATH_BYTES], char *json, size_t size)
{
    const char *end = strstr(text, ".json"), *begin = text;
    size_t length;

    while (end && begin < end) {
        begin += strspn(begin, " \"'");
        length = (size_t)(end + strlen(".json") - begin);
        if (begin < end && length < INFO_PATH_BYTES) {
            memcpy(path, begin, length);
            path[length] = '\0';
            if (info_os_read(path, json, size) > 0)
                return true;
        }
        begin += strcspn(begin, " \"'");
    }
    return false;
}

/* The string that a key of the manifest has; JSON's escapes of '"', '\' and '/' undone. */
static void value_of(const char *json, const char *key, char *out, size_t size)
{
    const char *at = strstr(json, key);
    size_t n = 0;

    out[0] = '\0';
    at = at ? strchr(at + strlen(key), ':') : NULL;
    at = at ? strchr(at, '"') : NULL;
    for (at = at ? at + 1 : NULL; at && *at && *at != '"' && n < size - 1; at++) {
        at += *at == '\\' && at[1];
        out[n++] = *at;
    }
    out[n] = '\0';
}

/* As the loader does it: a path that is not absolute, but has a separator, begins at the manifest's folder. */
static void complete(struct info_manifest *manifest, const char *library)
{
    const char *slash = strrchr(manifest->path, '/'), *backslash = strrchr(manifest->path, '\\');
    const char *folder_end = backslash > slash ? backslash : slash;
    const bool absolute = library[0] == '/' || library[0] == '\\' || (library[0] && library[1] == ':');
    const size_t folder =
        absolute || !strpbrk(library, "/\\") || !folder_end ? 0 : (size_t)(folder_end + 1 - manifest->path);

    memcpy(manifest->library, manifest->path, folder);
    (void)snprintf(manifest->library + folder, sizeof manifest->library - folder, "%s", library);
}

static bool is_known_locked(const struct info_heard *heard, const char *path)
{
    for (unsigned i = 0; i < heard->manifest_count; i++)
        if (strcmp(heard->manifests[i].path, path) == 0)
            return true;
    return false;
}

static void take_manifest_locked(struct info_heard *heard, const char *text)
{
    struct info_manifest *manifest = &heard->manifests[heard->manifest_count];
    char json[16384], library[512];

    if (heard->manifest_count == INFO_MANIFESTS_MAX || !find_file(text, manifest->path, json, sizeof json) ||
        is_known_locked(heard, manifest->path) || !strstr(json, "\"" NTFENCE_LAYER_NAME "\""))
        return;
    manifest->implicit = strstr(json, "\"disable_environment\"") != NULL;
    value_of(json, "\"library_path\"", library, sizeof library);
    complete(manifest, library);
    heard->manifest_count++;
}

/* ---- libraries ---- */

/* Insert instance layer "VK_LAYER_..." (<path>) */
static void take_library_locked(struct info_heard *heard, const char *text)
{
    const char *name = strstr(text, "\"" NTFENCE_LAYER_NAME "\""), *begin, *end;

    if (!name || !strstr(text, "nsert") || heard->library_count == INFO_LIBRARIES_MAX)
        return;
    begin = strchr(name, '(');
    end = begin ? strrchr(begin, ')') : NULL;
    if (end)
        (void)snprintf(heard->libraries[heard->library_count++], INFO_PATH_BYTES, "%.*s", (int)(end - begin - 1),
                       begin + 1);
}

/* ---- lines ---- */

static void take_line_locked(char lines[INFO_LINES_MAX][512], unsigned *count, const char *id, const char *text)
{
    char line[512];

    (void)snprintf(line, sizeof line, "%.60s%s%.400s", id, id[0] ? ": " : "", text);
    for (unsigned i = 0; i < *count; i++)
        if (strcmp(lines[i], line) == 0)
            return;
    if (*count < INFO_LINES_MAX)
        memcpy(lines[(*count)++], line, sizeof line);
}

void info_heard_take(struct info_heard *heard, bool warning, const char *id, const char *text)
{
    ntf_lock_take(&heard->lock);
    if (strncmp(id, "NTF-", 4) == 0) {
        /* The layer's texts begin with the code that is their name, or do not. */
        take_line_locked(heard->lines, &heard->line_count, strncmp(text, id, strlen(id)) == 0 ? "" : id, text);
    } else {
        take_manifest_locked(heard, text);
        take_library_locked(heard, text);
        if (warning)
            take_line_locked(heard->warnings, &heard->warning_count, "", text);
    }
    ntf_lock_drop(&heard->lock);
}
