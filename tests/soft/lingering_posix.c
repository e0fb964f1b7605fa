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

#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
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

static bool become_stranger(void)
{
    return setresgid(STRANGER, STRANGER, STRANGER) == 0 && setresuid(STRANGER, STRANGER, STRANGER) == 0;
}

// A child that says "done" and stays, so that what it has sent is closed by nobody else.
static pid_t child_begin(int ready[2])
{
    assert_int_equal(pipe(ready), 0);
    return fork();
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
        const int fd = become_stranger() ? lingering_socket() : -1, s = socket(AF_UNIX, SOCK_DGRAM, 0);
        const bool sent = fd >= 0 && connect(s, (const struct sockaddr *)&address, length) == 0 &&
                          raw_send(s, NULL, &packet, sizeof packet, &fd, 1);
        (void)close(fd);
        child_stay(ready, sent);
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
        bool good = become_stranger();
        for (int i = 0; i < 10 && good; i++) {
            const int fd = lingering_socket(), s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
            good = fd >= 0 && connect(s, (const struct sockaddr *)&address, length) == 0 &&
                   raw_send(s, NULL, "xxxx", 4, &fd, 1);
            (void)close(fd);
        }
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
            (void)close(fds[0]);
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
