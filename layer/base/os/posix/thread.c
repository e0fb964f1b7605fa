/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/os/os.h"

enum { RUNNING = 0, ENDED = 1, DETACHED = 2 };

struct ntf_thread {
    pthread_t id; /* written before anybody else knows the thread; the thread itself does not read it */
    void (*body)(void *);
    void *context;
    char name[16];
    ntf_au32 state; /* who comes second, the end or the detach, frees it */
};

static void *enter(void *argument)
{
    struct ntf_thread *thread = (struct ntf_thread *)argument;

    (void)pthread_setname_np(pthread_self(), thread->name);
    thread->body(thread->context);
    if (ntf_exchange(&thread->state, (uint32_t)ENDED, NTF_ACQ_REL) == DETACHED)
        free(thread);
    return NULL;
}

/* Signals are the application's: none may run one of its handlers on our thread. Left open are those that an
 * instruction of the thread itself raises: blocked, they would kill the process past the application's crash
 * reporter, and SIGSYS is how some sandboxes carry out system calls. */
static void block_signals(sigset_t *before)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };
    sigset_t all;

    sigfillset(&all);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&all, own[i]);
    (void)pthread_sigmask(SIG_SETMASK, &all, before);
}

enum ntf_result ntf_thread_start(struct ntf_thread **out, const char *name, void (*body)(void *), void *context)
{
    struct ntf_thread *thread = (struct ntf_thread *)calloc(1, sizeof *thread);
    sigset_t before;
    int rc;

    if (!thread)
        return NTF_E_NO_MEMORY;
    thread->body = body;
    thread->context = context;
    strncpy(thread->name, name, sizeof thread->name - 1);
    ntf_init(&thread->state, (uint32_t)RUNNING);

    if (!ntf_os_pin_module()) {
        free(thread);
        return NTF_E_NO_MEMORY;
    }
    block_signals(&before); /* a thread begins with the mask of its maker */
    rc = pthread_create(&thread->id, NULL, enter, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        free(thread);
        return NTF_E_NO_MEMORY;
    }
    *out = thread;
    return NTF_OK;
}

void ntf_thread_join(struct ntf_thread *thread)
{
    (void)pthread_join(thread->id, NULL);
    free(thread);
}

void ntf_thread_detach(struct ntf_thread *thread)
{
    (void)pthread_detach(thread->id);
    if (ntf_exchange(&thread->state, (uint32_t)DETACHED, NTF_ACQ_REL) == ENDED)
        free(thread);
}
