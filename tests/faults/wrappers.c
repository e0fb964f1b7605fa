// SPDX-License-Identifier: Apache-2.0
#include "wrappers.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/atomic.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

// ---- memory

static ntf_au64 blocks, mappings;

struct held imports_held(void)
{
    return (struct held){(size_t)ntf_load(&blocks, NTF_SEQ_CST),
                         (size_t)ntf_load(&mappings, NTF_SEQ_CST)};
}

/* An array that begins as nothing and grows is made when a thread first needs it, which is a matter
 * of who comes first: the only one is that of the asynchronous waits, and stays with its thread. */
enum { GROWING = 4 };
static ntf_aptr growing[GROWING];

static bool replace_growing(uintptr_t from, uintptr_t to)
{
    for (unsigned i = 0; i < GROWING; i++) {
        uintptr_t expected = from;
        if (ntf_cas(&growing[i], &expected, to, NTF_SEQ_CST))
            return true;
    }
    return false;
}

static bool is_growing(const void *block)
{
    for (unsigned i = 0; i < GROWING; i++)
        if (ntf_load(&growing[i], NTF_SEQ_CST) == (uintptr_t)block)
            return true;
    return false;
}

// Nothing here counts on real want.
static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

static void *taken(void *block)
{
    if (block)
        ntf_fetch_add(&blocks, 1, NTF_RELAXED);
    return block;
}

static void given(void *block)
{
    if (block)
        ntf_fetch_sub(&blocks, 1, NTF_RELAXED);
}

static bool no_memory(const char *name)
{
    if (!faults_step(FAULT_ALLOCATION, name, true))
        return false;
    errno = ENOMEM;
    return true;
}

static void *my_malloc(size_t size)
{
    return no_memory("malloc") ? NULL : taken(malloc(size));
}

static void *my_calloc(size_t count, size_t size)
{
    return no_memory("calloc") ? NULL : taken(calloc(count, size));
}

static void *my_realloc(void *block, size_t size)
{
    const uintptr_t was = (uintptr_t)block;
    void *more;
    if (no_memory("realloc"))
        return NULL;
    if (block && !is_growing(block)) {
        given(block);
        return taken(must(realloc(block, size)));
    }
    more = must(realloc(block, size));
    if (!replace_growing(was, (uintptr_t)more))
        abort(); // more of them than there is room for
    return more;
}

static void my_free(void *block)
{
    if (!block || !replace_growing((uintptr_t)block, 0))
        given(block);
    free(block);
}

static void *my_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    void *mapping = MAP_FAILED;
    if (faults_step(FAULT_SYSTEM, "mmap", true))
        errno = ENOMEM;
    else
        mapping = mmap(address, size, protection, flags, fd, offset);
    if (mapping != MAP_FAILED)
        ntf_fetch_add(&mappings, 1, NTF_RELAXED);
    return mapping;
}

static int my_munmap(void *address, size_t size)
{
    const int result = munmap(address, size);
    if (result == 0)
        ntf_fetch_sub(&mappings, 1, NTF_RELAXED);
    return faults_step(FAULT_SYSTEM, "munmap", false) ? (errno = EINVAL, -1) : result;
}

// ---- system calls

// The turn of this call: with the errno, whether that is want of memory, descriptors or locks.
static bool fails(const char *name, int error, bool want)
{
    if (!faults_step(FAULT_SYSTEM, name, want))
        return false;
    errno = error;
    return true;
}

#define SIMPLE(Type, name, params, args, error, want)                                              \
    static Type my_##name params                                                                   \
    {                                                                                              \
        return fails(#name, error, want) ? (Type)-1 : name args;                                   \
    }
SIMPLE(int, memfd_create, (const char *n, unsigned f), (n, f), EMFILE, true)
SIMPLE(int, ftruncate, (int fd, off_t n), (fd, n), ENOMEM, true)
SIMPLE(int, fstat, (int fd, struct stat *s), (fd, s), ENOMEM, false)
SIMPLE(int, stat, (const char *p, struct stat *s), (p, s), ENOMEM, false)
SIMPLE(int, fstatfs, (int fd, struct statfs *s), (fd, s), ENOMEM, false)
SIMPLE(int, access, (const char *p, int m), (p, m), EACCES, false)
SIMPLE(ssize_t, readlink, (const char *p, char *b, size_t n), (p, b, n), ENOMEM, false)
SIMPLE(int, socket, (int d, int t, int p), (d, t, p), EMFILE, true)
SIMPLE(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), ECONNREFUSED,
       false)
SIMPLE(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), ENOMEM, true)
SIMPLE(int, listen, (int fd, int n), (fd, n), ENOMEM, true)
SIMPLE(int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int f), (fd, a, n, f), EMFILE,
       true)
SIMPLE(ssize_t, send, (int fd, const void *b, size_t n, int f), (fd, b, n, f), ENOBUFS, true)
SIMPLE(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f), ENOBUFS, true)
SIMPLE(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f), ENOMEM, true)
SIMPLE(int, getsockopt, (int fd, int l, int o, void *v, socklen_t *n), (fd, l, o, v, n), EINVAL,
       false)
SIMPLE(int, setsockopt, (int fd, int l, int o, const void *v, socklen_t n), (fd, l, o, v, n), ENOMEM, true)
SIMPLE(int, getsockname, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n), ENOBUFS, false)
SIMPLE(int, socketpair, (int d, int t, int p, int f[2]), (d, t, p, f), EMFILE, true)
SIMPLE(int, poll, (struct pollfd *p, nfds_t n, int t), (p, n, t), ENOMEM, true)
SIMPLE(int, ppoll, (struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *s),
       (p, n, t, s), ENOMEM, true)
SIMPLE(int, epoll_create1, (int f), (f), EMFILE, true)
SIMPLE(int, epoll_ctl, (int e, int op, int fd, struct epoll_event *v), (e, op, fd, v), ENOSPC, true)
SIMPLE(int, epoll_wait, (int e, struct epoll_event *v, int n, int t), (e, v, n, t), EINTR, false)
SIMPLE(int, eventfd, (unsigned n, int f), (n, f), EMFILE, true)
SIMPLE(ssize_t, read, (int fd, void *b, size_t n), (fd, b, n), EIO, false)
SIMPLE(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), EIO, false)
SIMPLE(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), EIO, false)
// More CPUs than the set has room for.
SIMPLE(int, sched_getaffinity, (pid_t p, size_t n, cpu_set_t *s), (p, n, s), EINVAL, false)
SIMPLE(ssize_t, getrandom, (void *b, size_t n, unsigned f), (b, n, f), ENOSYS, false)

static ntf_au32 bad_closes;

unsigned imports_bad_closes(void)
{
    return ntf_load(&bad_closes, NTF_SEQ_CST);
}

// Of a number that is not open: closed twice, and had somebody got it meanwhile, it would have been his.
static int my_close(int fd)
{
    const int result = close(fd);
    if (result && errno == EBADF)
        ntf_fetch_add(&bad_closes, 1, NTF_RELAXED);
    return fails("close", EIO, false) ? -1 : result;
}

static int my_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    return fails("open", EMFILE, true) ? -1 : open(path, flags, mode);
}

static int my_fcntl(int fd, int command, ...)
{
    static const struct {
        int command, error;
        const char *name;
        bool want;
    } known[] = {
        {F_GETFD, EBADF, "fcntl F_GETFD", false},
        {F_GETFL, EBADF, "fcntl F_GETFL", false},
        {F_DUPFD, EMFILE, "fcntl F_DUPFD", true},
        {F_DUPFD_CLOEXEC, EMFILE, "fcntl F_DUPFD_CLOEXEC", true},
        {F_ADD_SEALS, EPERM, "fcntl F_ADD_SEALS", true},
        {F_GET_SEALS, EINVAL, "fcntl F_GET_SEALS", false},
        {F_OFD_SETLK, ENOLCK, "fcntl F_OFD_SETLK", true},
        {F_OFD_GETLK, EINVAL, "fcntl F_OFD_GETLK", false},
    };
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *); // a number is passed in the same place
    va_end(arguments);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].command == command)
            return fails(known[i].name, known[i].error, known[i].want)
                       ? -1
                       : fcntl(fd, command, argument);
    abort();
}

static long my_syscall(long number, ...)
{
    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    // A futex wake cannot fail: it allocates nothing. The other words of its flags say whose it is.
    if (number == SYS_futex_waitv && a[1] == 0) { // whether there is such a call
        if (fails("futex_waitv, the question", ENOSYS, false))
            return -1;
    } else if (number == SYS_futex_waitv) {
        if (fails("futex_waitv", ENOMEM, true))
            return -1;
    } else if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET) {
        if (fails("futex wait", ENOMEM, true))
            return -1;
    } else if (number != SYS_futex || (a[1] & FUTEX_CMD_MASK) != FUTEX_WAKE) {
        abort();
    }
    return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// ---- the dynamic linker, threads

static void *my_dlopen(const char *path, int flags)
{
    // A library that cannot be opened may as well not be there; the module itself is.
    const bool itself = (flags & RTLD_NOLOAD) != 0;
    return faults_step(FAULT_SYSTEM, "dlopen", itself) ? NULL : dlopen(path, flags);
}

static int my_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
                             void *(*body)(void *), void *context)
{
    return faults_step(FAULT_SYSTEM, "pthread_create", true)
               ? EAGAIN
               : pthread_create(out, attributes, body, context);
}

static int my_pthread_setname_np(pthread_t thread, const char *name)
{
    return faults_step(FAULT_SYSTEM, "pthread_setname_np", false)
               ? ERANGE
               : pthread_setname_np(thread, name);
}

// ---- the lists

typedef void (*function)(void);
static const struct {
    const char *name;
    function wrapper;
} wrappers[] = {
#define W(name) {#name, (function)my_##name}
#define W64(name) {#name, (function)my_##name}, {#name "64", (function)my_##name}
    W(malloc), W(calloc), W(realloc), W(free), W64(mmap), W(munmap), W(memfd_create),
    W64(ftruncate), W64(fstat), W64(stat), W64(fstatfs), W(access), W(readlink), W(socket), W(connect),
    W(bind), W(listen), W(accept4), W(send), W(sendmsg), W(recvmsg), W(getsockopt), W(setsockopt),
    W(getsockname), W(socketpair), W(poll),
    W(ppoll), W(epoll_create1), W(epoll_ctl), W(epoll_wait), W(eventfd), W(read), W(write),
    W(writev), W(getrandom), W(close), W64(open), W64(fcntl), W(syscall), W(dlopen),
    W(pthread_create), W(pthread_setname_np), W(sched_getaffinity),
};

/* Why each of these is harmless: pure functions; questions to the process about itself; and calls
 * that fail for bad arguments alone. dlsym and dladdr answer from tables that are there. */
static const char *const harmless[] = {
    "bcmp", "memcmp", "memcpy", "memmove", "memset", "strchr", "strcmp", "strcspn", "strlen", "strncmp",
    "strncpy", "strspn", "strstr", "snprintf", "vsnprintf", "__cmsg_nxthdr", "__errno_location",
    "getauxval", "getenv", "geteuid", "getpid", "clock_gettime", "ioctl", "dlsym", "dladdr", "dlclose",
    "pthread_self", "pthread_detach", "pthread_join", "pthread_sigmask", "sigaddset", "sigdelset",
    "sigemptyset", "sigfillset", "sigismember", "sigpending", "sigtimedwait", "__sched_cpucount",
};

void *wrapper_of(const char *name)
{
    void *address = NULL;
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++)
        if (strcmp(wrappers[i].name, name) == 0)
            memcpy(&address, &wrappers[i].wrapper, sizeof address);
    return address;
}

bool wrapper_known_harmless(const char *name)
{
    // What compilers and sanitizers put in.
    static const char *const theirs[] = {"_ITM_", "__cxa_", "__gmon_start__", "__stack_chk_fail",
                                         "__asan_", "__ubsan_", "__tsan_", "__sanitizer_"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(harmless[i], name) == 0)
            return true;
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        if (strncmp(name, theirs[i], strlen(theirs[i])) == 0)
            return true;
    return false;
}
