// SPDX-License-Identifier: Apache-2.0
#include "os.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char os_loader[] = "libvulkan.so.1";
const char os_list_separator[] = ":";

static char data_home[64];

const char *os_module_of(void (*function)(void))
{
    Dl_info info;
    void *address;
    memcpy(&address, &function, sizeof address);
    return dladdr(address, &info) && info.dli_fname ? info.dli_fname : "";
}

void os_setenv(const char *name, const char *value)
{
    if (value ? setenv(name, value, 1) : unsetenv(name))
        abort();
}

static void remove_data_home(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/vulkan/implicit_layer.d", data_home);
    unlink(path);
    snprintf(path, sizeof path, "%s/vulkan", data_home);
    rmdir(path);
    rmdir(data_home);
}

// The loader of Debian 12 has no variable for it, but looks in the user's own folder.
void os_use_implicit_folder(const char *folder)
{
    char path[128];
    snprintf(data_home, sizeof data_home, "/tmp/ntfence-XXXXXX");
    if (!mkdtemp(data_home))
        abort();
    atexit(remove_data_home);
    snprintf(path, sizeof path, "%s/vulkan", data_home);
    if (mkdir(path, 0700))
        abort();
    strcat(path, "/implicit_layer.d");
    if (symlink(folder, path))
        abort();
    os_setenv("XDG_DATA_HOME", data_home);
}

void os_sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

uint64_t os_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool os_freeze(uint32_t pid)
{
    siginfo_t info;
    // The signal alone is a request: a child of ours can be asked when all of its threads stand still.
    if (kill((pid_t)pid, SIGSTOP) || waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT))
        abort();
    return true;
}

uint32_t os_session(void)
{
    return 0;
}

const char *os_scratch_file(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/ntfence-%ld", (long)getpid());
    return path;
}

ntf_handle os_stranger(enum os_stranger kind)
{
    int fd = -1;
    if (kind == OS_EVENT)
        fd = eventfd(0, EFD_CLOEXEC);
    else if (kind == OS_FILE)
        fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    else if (kind == OS_MEMORY)
        fd = memfd_create("stranger", MFD_CLOEXEC);
    if (fd < 3 || (kind == OS_MEMORY && ftruncate(fd, 4096)))
        abort();
    return (ntf_handle)(intptr_t)fd;
}

void os_handle_close(ntf_handle handle)
{
    close((int)(intptr_t)handle);
}

bool os_handle_inherits(ntf_handle handle)
{
    return (fcntl((int)(intptr_t)handle, F_GETFD) & FD_CLOEXEC) == 0;
}

bool os_handle_live(ntf_handle handle)
{
    return fcntl((int)(intptr_t)handle, F_GETFD) != -1;
}
