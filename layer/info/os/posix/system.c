/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "info/os/os.h"

/* ---- the system ---- */

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)", os-release(5) */
static void read_variety(char *out, size_t size)
{
    char text[4096], *name = NULL;

    out[0] = '\0';
    if (info_os_read("/etc/os-release", text, sizeof text) > 0)
        name = strstr(text, "PRETTY_NAME=");
    if (!name)
        return;
    name += strlen("PRETTY_NAME=");
    name += *name == '"';
    name[strcspn(name, "\"\n")] = '\0';
    (void)snprintf(out, size, "%.80s", name);
}

void info_os_system(struct info_system *out)
{
    struct utsname name;

    memset(out, 0, sizeof *out);
    if (uname(&name) == 0) /* not its nodename: that is nobody's business */
        (void)snprintf(out->name, sizeof out->name, "%.20s %.40s %.20s", name.sysname, name.release, name.machine);
    read_variety(out->variety, sizeof out->variety);
    if (access("/dev/dxg", F_OK) == 0)
        (void)snprintf(out->variety + strlen(out->variety), sizeof out->variety - strlen(out->variety),
                       ", with /dev/dxg");
}

/* ---- variables ---- */

void info_os_setenv(const char *name, const char *value)
{
    if (value)
        (void)setenv(name, value, 1);
    else
        (void)unsetenv(name);
}

void info_os_variables(const char *prefix, void (*each)(void *context, const char *name, const char *value),
                       void *context)
{
    for (char **variable = environ; variable && *variable; variable++) {
        const char *equals = strchr(*variable, '=');
        char name[256];

        if (!equals || strncmp(*variable, prefix, strlen(prefix)) != 0 || equals - *variable >= (ptrdiff_t)sizeof name)
            continue;
        memcpy(name, *variable, (size_t)(equals - *variable));
        name[equals - *variable] = '\0';
        each(context, name, equals + 1);
    }
}

/* ---- libraries and files ---- */

struct ntf_library *info_os_vulkan(char path[INFO_PATH_BYTES])
{
    struct ntf_library *library = ntf_library_open_system("libvulkan.so.1");
    struct link_map *map = NULL;

    path[0] = '\0';
    if (library && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map)
        (void)snprintf(path, INFO_PATH_BYTES, "%s", map->l_name);
    return library;
}

bool info_os_vulkan_is_wines(struct ntf_library *library)
{
    (void)library;
    return false;
}

struct search {
    const char *part;
    void (*each)(void *context, const char *path);
    void *context;
};

static int look(struct dl_phdr_info *info, size_t size, void *context)
{
    const struct search *search = context;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;

    (void)size;
    if (slash && strstr(slash, search->part))
        search->each(search->context, info->dlpi_name);
    return 0;
}

void info_os_modules(const char *part, void (*each)(void *context, const char *path), void *context)
{
    struct search search = { part, each, context };

    (void)dl_iterate_phdr(look, &search);
}

int info_os_read(const char *path, char *buffer, size_t size_bytes)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t length = 0;
    ssize_t got;

    if (file < 0)
        return -1;
    while (length < size_bytes - 1 && (got = read(file, buffer + length, size_bytes - 1 - length)) > 0)
        length += (size_t)got;
    (void)close(file);
    buffer[length] = '\0';
    return (int)length;
}

/* ---- objects ---- */

/* Descriptors of the standard streams are never handles. */
static ntf_handle above_streams(int descriptor)
{
    const int higher = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (descriptor >= 0)
        (void)close(descriptor);
    return higher < 0 ? NULL : (ntf_handle)(intptr_t)higher;
}

ntf_handle info_os_event(void)
{
    return above_streams(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

ntf_handle info_os_section(void)
{
    const int descriptor = memfd_create("ntfence-info", MFD_CLOEXEC);

    if (descriptor >= 0 && ftruncate(descriptor, 4096) != 0) {
        (void)close(descriptor);
        return NULL;
    }
    return above_streams(descriptor);
}
