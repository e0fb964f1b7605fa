// SPDX-License-Identifier: Apache-2.0
#include "os.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

// A sleep ends later than asked for; the last stretch before a deadline is spun.
enum { SLEEP_EXCESS_NS = 100000 };

int main(int argc, char **argv)
{
    return demo_main(argc, argv);
}

uint64_t os_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void os_sleep_ms(unsigned ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&span, NULL);
}

void os_pause_until(uint64_t deadline_ns)
{
    for (uint64_t now; (now = os_now_ns()) < deadline_ns;) {
        if (deadline_ns - now <= SLEEP_EXCESS_NS) {
            sched_yield();
            continue;
        }
        uint64_t until = deadline_ns - SLEEP_EXCESS_NS;
        struct timespec at = {.tv_sec = (time_t)(until / 1000000000u),
                              .tv_nsec = (long)(until % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    }
}

bool os_getenv(const char *name, char *value, size_t size)
{
    const char *found = getenv(name);
    if (!found || strlen(found) >= size)
        return false;
    memcpy(value, found, strlen(found) + 1);
    return true;
}

uint32_t os_session(void)
{
    return 0;
}

uint32_t os_process_id(void)
{
    return (uint32_t)getpid();
}

_Noreturn void os_exit_now(int status)
{
    _exit(status);
}

struct start {
    void (*body)(void *);
    void *context;
};

static void *thread_main(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    start.body(start.context);
    return NULL;
}

bool os_thread_start(void (*body)(void *), void *context)
{
    struct start *start = malloc(sizeof *start);
    if (!start)
        return false;
    *start = (struct start){body, context};
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_main, start) != 0) {
        free(start);
        return false;
    }
    pthread_detach(thread);
    return true;
}

struct os_library *os_library_open(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

struct os_library *os_library_open_gdi32(void)
{
    return NULL;
}

struct os_library *os_library_open_beside(const char *name)
{
    char path[4096 + 256];
    ssize_t length = readlink("/proc/self/exe", path, 4096);
    if (length <= 0 || length >= 4096)
        return NULL;
    path[length] = '\0';
    char *file = strrchr(path, '/') + 1;
    snprintf(file, sizeof path - (size_t)(file - path), "lib%s.so", name);
    return os_library_open(path);
}

struct os_library *os_library_open_vulkan(void)
{
    return os_library_open("libvulkan.so.1");
}

void (*os_library_symbol(struct os_library *library, const char *symbol))(void)
{
    // ISO C has no way from a data pointer to a function's; POSIX promises that they are alike.
    void *address = dlsym(library, symbol);
    void (*function)(void);
    memcpy(&function, &address, sizeof function);
    return function;
}

void os_library_close(struct os_library *library)
{
    if (library)
        dlclose(library);
}

bool os_library_file(void (*function)(void), char *path, size_t size)
{
    void *address;
    memcpy(&address, &function, sizeof address);
    Dl_info info;
    if (!dladdr(address, &info) || !info.dli_fname)
        return false;
    snprintf(path, size, "%s", info.dli_fname);
    return true;
}

static void *map(int fd, size_t size)
{
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

void *os_page_create(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return NULL;
    if (ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        return NULL;
    }
    return map(fd, size);
}

void *os_page_open(const char *path, size_t *size)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct stat about;
    if (fstat(fd, &about) != 0 || about.st_size == 0) {
        close(fd);
        return NULL;
    }
    *size = (size_t)about.st_size;
    return map(fd, *size);
}

const char *os_error(void)
{
    return strerror(errno);
}

void os_handle_close(uint64_t handle)
{
    close((int)handle);
}

bool os_child_start(struct os_child *child, char *const argv[], const uint64_t *handles,
                    size_t count)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    // Onto itself: the one case in which the child's descriptor loses close-on-exec.
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++)
        error = posix_spawn_file_actions_adddup2(&actions, (int)handles[i], (int)handles[i]);
    pid_t pid = 0;
    if (error == 0)
        error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    child->process = (uint64_t)pid;
    errno = error;
    return error == 0;
}

bool os_child_ended(struct os_child *child, int *status)
{
    int raw;
    if (waitpid((pid_t)child->process, &raw, WNOHANG) <= 0)
        return false;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
    return true;
}
