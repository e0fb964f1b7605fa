/* SPDX-License-Identifier: Apache-2.0 */
/* What only a POSIX system has: signals, modes of files, links, set-user-id. */
#include "ntf_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/os.h"

struct inside {
    sigset_t mask;
    char name[32];
};

static void look_inside(void *context)
{
    struct inside *inside = context;
    pthread_sigmask(SIG_SETMASK, NULL, &inside->mask);
    pthread_getname_np(pthread_self(), inside->name, sizeof inside->name);
}

/* The application's signals never run on our threads, faults of a thread's own do, and its maker keeps its mask. */
static void threads_block_signals(void **state)
{
    static const int blocked[] = { SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGALRM, SIGPROF, SIGPIPE, SIGABRT };
    static const int open[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };
    struct ntf_thread *thread;
    struct inside inside;
    sigset_t after;

    (void)state;
    assert_int_equal(ntf_thread_start(&thread, "ntf-base-signals", look_inside, &inside), NTF_OK);
    ntf_thread_join(thread);
    for (size_t i = 0; i < NTF_COUNT(blocked); i++)
        assert_int_equal(sigismember(&inside.mask, blocked[i]), 1);
    for (size_t i = 0; i < NTF_COUNT(open); i++)
        assert_int_equal(sigismember(&inside.mask, open[i]), 0);
    assert_string_equal(inside.name, "ntf-base-signal");
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGUSR1), 0);
}

static void make_path(char path[600], const char *what)
{
    snprintf(path, 600, "%s/base-posix-%d-%s", getenv("NTF_TEST_FOLDER"), (int)getpid(), what);
}

/* The log is its owner's alone, and not written through a link that somebody has put in its place. */
static void log_file_is_private(void **state)
{
    char path[600], link[600];
    struct stat about;

    (void)state;
    make_path(path, "log");
    make_path(link, "link");
    (void)unlink(path);
    (void)unlink(link);
    umask(0);
    ntf_os_append_line(path, "first");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(about.st_size, 6);
    assert_int_equal(symlink(path, link), 0);
    ntf_os_append_line(link, "second");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_size, 6);
    (void)unlink(link);
    (void)unlink(path);
}

/* A pipe without a reader neither blocks nor ends the process. */
static void broken_pipe_is_harmless(void **state)
{
    char path[600];
    sigset_t pending;
    int reader, ends[2], kept;

    (void)state;
    make_path(path, "fifo");
    (void)unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    ntf_os_append_line(path, "nobody listens");
    reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    ntf_os_append_line(path, "heard");
    assert_int_equal(close(reader), 0);
    (void)unlink(path);

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(close(ends[0]), 0);
    kept = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    ntf_os_say("into a pipe that is closed at the other end");
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    (void)close(ends[1]);
    (void)close(kept);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

/* Someone with other rights than who called exec: what set-user-id does, without a file that has the bit. */
static void set_user_id_is_elevated(void **state)
{
    const char *const argv[] = { "base-posix", "--elevated", NULL };
    int status = -1;
    pid_t child;

    (void)state;
    if (geteuid() != 0)
        skip();
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setresuid(65534, 0, 0) == 0)
            execv("/proc/self/exe", (char *const *)argv);
        _exit(99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_block_signals),
        cmocka_unit_test(log_file_is_private),
        cmocka_unit_test(broken_pipe_is_harmless),
        cmocka_unit_test(set_user_id_is_elevated),
    };
    if (argc > 1 && strcmp(argv[1], "--elevated") == 0)
        return ntf_os_elevated();
    return ntf_test_run("base-posix", tests, NTF_COUNT(tests), NULL, NULL);
}
