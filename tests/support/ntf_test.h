// SPDX-License-Identifier: Apache-2.0
/*
 * What every test program shares: running a group of cmocka tests, counting what is open, and
 * talking to other processes, with one interface on Linux and Windows.
 *
 *     int main(int argc, char **argv)
 *     {
 *         const char *role = ntf_test_role(argc, argv);
 *         if (role)
 *             return child_main(role);
 *         static const struct CMUnitTest tests[] = { cmocka_unit_test(opens), ... };
 *         return ntf_test_run("soft-fence", tests, NTF_COUNT(tests), NULL, NULL);
 *     }
 *
 * Assertions belong to the main thread: a failed one jumps out of the running test.
 */
#ifndef NTF_TEST_H
#define NTF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NTF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

// MinGW's plain "printf" means Microsoft's, which is not what these functions use.
#if defined(__clang__)
#define NTF_TEST_PRINTF(at, from) __attribute__((__format__(__printf__, at, from)))
#elif defined(__GNUC__)
#define NTF_TEST_PRINTF(at, from) __attribute__((__format__(__gnu_printf__, at, from)))
#else
#define NTF_TEST_PRINTF(at, from)
#endif

/*
 * Runs the tests and prints, alone on its line and last, "N passed, N failed". A skipped test is
 * neither, and is named on a line of its own. Returns 0 only if at least one passed and none failed
 * (also in set-up or tear-down); fit to be the exit status. Each test has two minutes
 * (ntf_test_watchdog). The variable NTF_TEST_ONLY picks tests by name (* and ? as wildcards).
 */
int ntf_test_run(const char *suite, const struct CMUnitTest *tests, size_t count,
                 CMFixtureFunction setup, CMFixtureFunction teardown);

/* From now on the process has this many seconds to live, then it says so and dies. 0: no limit. */
void ntf_test_watchdog(unsigned seconds);

/* Open descriptors (Linux) or handles (Windows) of this process, for before-and-after checks. */
size_t ntf_test_open_handles(void);
/* How many more there may be afterwards whatever a test does, 0 on Linux. Windows: some of the system's own, and the
 * events of as many threads as ever slept at once for other processes; the layer keeps those, and whether a wait that
 * is over soon sleeps at all, nobody can tell. */
extern const size_t ntf_test_spare_handles;
/* Waits until no more are open than that: threads that serve others give theirs back a little later. */
void ntf_test_until_handles(size_t most);
/* Of thousands of waits so many may take as long as one whose wake was lost, which ends with its safety period after a
 * second: a machine that others share may stand still for that long. */
enum { NTF_TEST_STALLS = 1 };
/* Threads that have not begun to end: one that has been joined is not among them. */
size_t ntf_test_threads(void);

/*
 * Other processes. A child is this executable once more, with a role and arguments; each side sends
 * lines (at most NTF_LINE_MAX - 1 bytes, no line break in it), the child over its standard input
 * and output: a child prints nothing else there. stderr is shared.
 */
enum { NTF_LINE_MAX = 1024, NTF_CHILD_ARGS_MAX = 16 };

struct ntf_child;

/* The arguments end with NULL. Never returns NULL: a child that can't start fails the test. */
struct ntf_child *ntf_child_start(const char *role, ...);

/* Sends a line; one that can't be sent (the child is gone) fails the test. */
void ntf_child_send(struct ntf_child *child, const char *format, ...) NTF_TEST_PRINTF(2, 3);

/* The next line of the child, without its end; false when there will be none any more. */
bool ntf_child_receive(struct ntf_child *child, char line[NTF_LINE_MAX]);

/* Receives a line and fails the test if it is another one. */
void ntf_child_expect(struct ntf_child *child, const char *expected);

/*
 * Gives the child a descriptor or handle of ours, as the caller keeps it, and returns the value
 * that it has in the child. On Linux the child takes it while it is in ntf_parent_receive, so it
 * must be there or come there without having to be sent anything first.
 */
uint64_t ntf_child_give_handle(struct ntf_child *child, uint64_t handle);

uint32_t ntf_child_pid(const struct ntf_child *child);

/* Ends the child where it stands: SIGKILL, TerminateProcess. ntf_child_wait still has to be called.
 */
void ntf_child_kill(struct ntf_child *child);

/* Closes the child's input, waits for its end, frees it. The exit status; -1 for a child that was
 * killed. */
int ntf_child_wait(struct ntf_child *child);

/* The child's side. */

/* The role that this process was started for, NULL in the first process. Starts the watchdog. */
const char *ntf_test_role(int argc, char **argv);

/* The i-th argument after the role, NULL beyond the last. */
const char *ntf_test_role_arg(unsigned i);

void ntf_parent_send(const char *format, ...) NTF_TEST_PRINTF(1, 2);

/* The next line of the parent; false when it is gone or has no more to say. */
bool ntf_parent_receive(char line[NTF_LINE_MAX]);

#endif
