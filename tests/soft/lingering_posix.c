// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors whose last close sleeps: a peer sends a TCP socket that lingers for longer than any test may last, and
 * keeps no descriptor of it. Whoever closed it in place would be held up, and with it a caller beyond its deadline, or
 * everybody whom a thread of ours serves. What hangs here is ended by the watchdog.
 */
#include "globals_raw_posix.h"

#include "base/deadline.h"
#include "kmt/soft/leaf.h"
#include "kmt/soft/os/os.h"
#include "kmt/soft/os/posix/number_wire.h"
#include "kmt/soft/os/posix/wire.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINGER_S = 1000, STRANGER = 65534, PASS_PIDFD = 76 };

// Its peer never reads, so that closing it waits for what is not sent.
static int lingering_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct linger linger = {1, LINGER_S};
    static char bytes[65536];
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        connect(fd, (const struct sockaddr *)&address, length) != 0)
        return -1;
    while (send(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0 ? fd : -1;
}

static bool all_stopped(pid_t pid)
{
    char path[64], line[512];
    bool stopped = true;
    struct dirent *entry;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    while (tasks && stopped && (entry = readdir(tasks))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/stat", (int)pid, entry->d_name);
        FILE *file = fopen(path, "re");
        const char *state = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        stopped = !state || state[2] == 'T';
        if (file)
            (void)fclose(file);
    }
    return tasks && closedir(tasks) == 0 && stopped;
}

// Stops the parent, whose threads serve, so that we have let go of all that we send when they receive it. It goes on
// when the descriptor that comes back is closed: by another process, since we are about to have no rights.
static int hold_parent(void)
{
    const pid_t parent = getppid();
    char nothing;
    int go[2];
    if (pipe(go) != 0)
        return -1;
    if (fork() == 0) {
        (void)close(go[1]);
        while (read(go[0], &nothing, 1) > 0)
            ;
        _exit(kill(parent, SIGCONT));
    }
    (void)close(go[0]);
    if (kill(parent, SIGSTOP) != 0)
        return -1;
    while (!all_stopped(parent))
        sched_yield();
    return go[1];
}

// After this nobody here has the descriptor. Whose close was the last, ours or the receiver's, is a race: ours is made
// by a process that shares the descriptors, and may sleep as long as it likes.
static void let_go(int fd)
{
    const long pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
            (void)close(fd);
        _exit(0);
    }
    while (pid > 0 && fcntl(fd, F_GETFD) >= 0)
        sched_yield();
}

static bool become_stranger(void)
{
    return setresgid(STRANGER, STRANGER, STRANGER) == 0 && setresuid(STRANGER, STRANGER, STRANGER) == 0;
}

// A child that says "done" and stays, so that what it has sent is closed by nobody else.
static pid_t child_begin(int ready[2])
{
    assert_int_equal(pipe(ready), 0);
    const pid_t pid = fork();
    if (pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) // it does not outlive a test that failed
        _exit(1);
    return pid;
}

static void child_stay(const int ready[2], bool good)
{
    if (write(ready[1], good ? "+" : "-", 1) == 1)
        pause();
    _exit(1);
}

static void child_await(int ready[2])
{
    char answer = 0;
    assert_int_equal(close(ready[1]), 0);
    assert_int_equal(read(ready[0], &answer, 1), 1);
    assert_int_equal(answer, '+');
}

static void child_end(pid_t pid, int ready[2])
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(close(ready[0]), 0);
}

static enum ntf_result ask(D3DKMT_HANDLE number)
{
    int memory, bound;
    const enum ntf_result result =
        soft_number_ask(number, ntf_deadline_after(ntf_os_now_ns(), RAW_ASK_NS), &memory, &bound);
    if (result == NTF_OK)
        assert_int_equal(close(memory) | close(bound), 0);
    return result;
}

// Another user writes to one number; the thread goes on to serve the other.
static void stranger_at_a_number(void **state)
{
    D3DKMT_HANDLE number, other;
    const struct rig_fence fences[] = {rig_global(0, &number), rig_global(0, &other)};
    int ready[2];
    pid_t pid;
    (void)state;
    if (geteuid() != 0)
        skip(); // only root can be somebody else
    pid = child_begin(ready);
    if (pid == 0) {
        const struct raw_packet packet = {RAW_MAGIC, 1, number};
        struct sockaddr_un address;
        const socklen_t length = soft_number_address(number, &address); // of this user's
        const int s = socket(AF_UNIX, SOCK_DGRAM, 0), held = hold_parent();
        bool good = held >= 0 && become_stranger() && connect(s, (const struct sockaddr *)&address, length) == 0;
        // The first holds the closing thread up, the others wait behind it.
        for (int i = 0; i < 4 && good; i++) {
            const int fd = lingering_socket();
            good = fd >= 0 && raw_send(s, NULL, &packet, sizeof packet, &fd, 1);
            (void)close(fd);
        }
        (void)close(held);
        child_stay(ready, good);
    }
    child_await(ready);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask(other), NTF_OK);
    child_end(pid, ready);
    rig_destroy(fences[0].handle);
    rig_destroy(fences[1].handle);
}

// The same at a name, by ten connections.
static void stranger_at_a_name(void **state)
{
    const struct rig_fence fence = rig_monitored(3, 0);
    const char *text = rig_unique("lingering");
    struct soft_leaf leaf;
    struct rig_name name;
    ntf_handle nt;
    int ready[2];
    pid_t pid;
    (void)state;
    if (geteuid() != 0)
        skip(); // only root can be somebody else
    assert_int_equal(rig_share_as(fence.handle, text, &nt), NTF_STATUS_SUCCESS);
    rig_name(&name, text);
    assert_true(soft_leaf_of((const ntf_unicode_string *)name.attributes.ObjectName, &leaf));
    pid = child_begin(ready);
    if (pid == 0) {
        struct sockaddr_un address;
        const socklen_t length = soft_wire_address(&leaf, &address);
        const int held = hold_parent();
        bool good = held >= 0 && become_stranger();
        for (int i = 0; i < 10 && good; i++) {
            const int fd = lingering_socket(), s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
            good = fd >= 0 && connect(s, (const struct sockaddr *)&address, length) == 0 &&
                   raw_send(s, NULL, "xxxx", 4, &fd, 1);
            (void)close(fd);
        }
        (void)close(held);
        child_stay(ready, good);
    }
    child_await(ready);
    for (int i = 0; i < 5; i++) {
        int memory = -1;
        assert_int_equal(soft_wire_ask(&leaf, ntf_deadline_after(ntf_os_now_ns(), RAW_ASK_NS), &memory), NTF_OK);
        assert_int_equal(close(memory), 0);
    }
    child_end(pid, ready);
    soft_nt_handle_close(nt);
    rig_destroy(fence.handle);
}

// A holder of this user answers with such a socket for the memory: the open is refused, and comes back.
static void lying_holder(void **state)
{
    const D3DKMT_HANDLE number = raw_number();
    struct rig_fence fence;
    int ready[2], bound;
    pid_t pid;
    (void)state;
    assert_int_equal(soft_number_bind(number, &bound), NTF_OK);
    pid = child_begin(ready);
    if (pid == 0) {
        const struct raw_packet packet = {RAW_MAGIC, 1, number};
        bool good = write(ready[1], "+", 1) == 1;
        while (good) {
            struct pollfd entry = {bound, POLLIN, 0};
            int fds[2] = {lingering_socket(), bound}, reply;
            good = poll(&entry, 1, -1) == 1;
            if (good && soft_number_read_request(bound, number, &reply) == SOFT_NUMBER_REQUEST) {
                good = raw_send(reply, NULL, &packet, sizeof packet, fds, 2);
                (void)close(reply);
            }
            let_go(fds[0]);
        }
        _exit(1);
    }
    assert_int_equal(close(bound), 0);
    child_await(ready);
    for (int i = 0; i < 3; i++)
        assert_int_not_equal(rig_open_global(number, &fence), NTF_STATUS_SUCCESS);
    child_end(pid, ready);
}

// A holder has the kernel put a descriptor on each request: they are not kept.
static void descriptors_of_the_kernels(void **state)
{
    D3DKMT_HANDLE number;
    const struct rig_fence fence = rig_global(0, &number);
    const int yes = 1;
    int memory, bound;
    size_t before;
    (void)state;
    assert_int_equal(soft_number_ask(number, ntf_deadline_after(ntf_os_now_ns(), RAW_ASK_NS), &memory, &bound),
                     NTF_OK);
    if (setsockopt(bound, SOL_SOCKET, PASS_PIDFD, &yes, sizeof yes) != 0)
        skip(); // before Linux 6.5
    before = ntf_test_open_handles();
    for (int i = 0; i < 50; i++)
        assert_int_equal(ask(number), NTF_OK);
    while (ntf_test_open_handles() > before) // the last request is still being put away
        sched_yield();
    assert_int_equal(close(memory) | close(bound), 0);
    rig_destroy(fence.handle);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_of_the_kernels), cmocka_unit_test(lying_holder),
        cmocka_unit_test(stranger_at_a_number), cmocka_unit_test(stranger_at_a_name),
    };
    (void)argc, (void)argv;
    rig_load();
    return ntf_test_run("soft-lingering", tests, NTF_COUNT(tests), NULL, NULL);
}
